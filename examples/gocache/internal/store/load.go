package store

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// SpoolDir is the directory below a store's own where helpers write bodies
// before they put them; it has to be on the same file system.
const SpoolDir = "spool"

// spoolAge is how old something in the spool must be to have been forgotten
// there. As cmd/go's own rule has it: leave alone what was used in the last day.
const spoolAge = 24 * time.Hour

// loading is what a load collects.
type loading struct {
	*Store
	used    map[object.Output]int64
	dropped map[object.Output]bool  // deleted on purpose
	sizes   map[object.Action]int64 // as the index has them
	hold    int64                   // of the last record if that is kindClosed, else zero
	items   []*item
}

// load reads the index, looks at every object's size, and throws out what does
// not fit together. It hashes nothing: that is done at the first serve.
func (s *Store) load(ctx context.Context) error {
	l := &loading{
		Store: s,
		used:  map[object.Output]int64{}, dropped: map[object.Output]bool{},
		sizes: map[object.Action]int64{},
	}
	s.cfg.Progress("loading: reading the index")
	var bad int
	var err error
	if s.index, bad, err = openJournal(filepath.Join(s.cfg.Dir, "index"), l.record); err != nil {
		return err
	}
	s.counters.Damaged += int64(bad)
	if err := l.walk(ctx); err != nil {
		return err
	}
	l.match()
	l.sort()
	l.holdDeletions(bad)
	s.tidy()
	if s.index.records() > 2*(len(s.actions)+len(s.objects))+1024 {
		if err := s.compactLocked(); err != nil {
			return err
		}
	}
	return s.index.add(record{kind: kindOpened, time: s.opened.UnixNano()})
}

// record takes one record of the index, in the order in which they were written.
func (l *loading) record(r record) {
	l.hold = 0
	switch r.kind {
	case kindClosed:
		l.hold = r.time
	case kindPut:
		l.actions[r.action] = origin{r.output, r.time}
		l.sizes[r.action] = r.size
		l.used[r.output] = max(l.used[r.output], r.time)
		delete(l.dropped, r.output)
	case kindUsed:
		l.used[r.output] = max(l.used[r.output], r.time)
	case kindDrop:
		delete(l.used, r.output)
		l.dropped[r.output] = true
	}
}

// walk finds the objects that are there.
func (l *loading) walk(ctx context.Context) error {
	root := filepath.Join(l.cfg.Dir, object.Dir)
	dirs, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for i, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if i%32 == 0 {
			l.cfg.Progress(fmt.Sprintf("loading: %d objects", len(l.objects)))
		}
		files, err := os.ReadDir(filepath.Join(root, dir.Name()))
		if err != nil {
			continue // not a directory of ours
		}
		for _, file := range files {
			l.object(file)
		}
	}
	return nil
}

func (l *loading) object(file fs.DirEntry) {
	output, ok := object.ParseOutput(file.Name())
	if !ok {
		return
	}
	stamp, err := object.StampOf(l.path(output))
	if err != nil {
		return
	}
	it := &item{output: output, size: stamp.Size}
	it.saved = l.used[output]
	if it.saved == 0 { // in no record: a crash came between file and record
		it.saved = stamp.ModTime
	}
	// It may have been used for so long after that without being written down.
	it.used = min(it.saved+int64(touchInterval), l.opened.UnixNano())
	l.objects[output] = it
	l.items = append(l.items, it)
}

// match drops the actions whose object is not there or has another size.
func (l *loading) match() {
	for action, from := range l.actions {
		it := l.objects[from.output]
		if it == nil || it.size != l.sizes[action] {
			delete(l.actions, action)
			if !l.dropped[from.output] {
				l.counters.Damaged++
			}
		}
	}
}

func (l *loading) sort() {
	slices.SortFunc(l.items, func(a, b *item) int { return cmp.Compare(a.used, b.used) })
	for _, it := range l.items {
		l.alive.pushFirst(it)
	}
}

// holdDeletions keeps everything for a while if the daemon before this one did
// not end in an orderly way: go commands that it told of objects may be running.
func (l *loading) holdDeletions(bad int) {
	switch {
	case l.index.records() == 0 && bad == 0:
	case l.hold == 0 || bad > 0:
		l.Store.hold = l.opened.Add(l.cfg.Grace)
	default:
		l.Store.hold = time.Unix(0, l.hold)
	}
}

// tidy removes the views of daemons that ended without doing so, and what was
// forgotten in the spool.
func (s *Store) tidy() {
	views, _ := filepath.Glob(filepath.Join(s.cfg.Dir, "view-*"))
	for _, view := range views {
		os.Remove(view)
	}
	spool := filepath.Join(s.cfg.Dir, SpoolDir)
	entries, _ := os.ReadDir(spool)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && s.opened.Sub(info.ModTime()) > spoolAge {
			os.RemoveAll(filepath.Join(spool, entry.Name()))
		}
	}
}

// compactLocked writes the index anew without what is no longer so.
func (s *Store) compactLocked() error {
	records := make([]record, 0, len(s.actions)+len(s.objects))
	for action, from := range s.actions {
		if it := s.objects[from.output]; it != nil {
			records = append(records, record{kind: kindPut, action: action, output: from.output, size: it.size, time: from.time})
		}
	}
	for _, it := range s.objects {
		it.saved = it.used
		records = append(records, record{kind: kindUsed, output: it.output, time: it.used})
	}
	return s.index.create(records)
}
