package definition

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// An editor's save is several events, and a packager's update many. Names are
// told when nothing has happened for settle, but no later than patience after
// the first event.
const (
	settle   = 30 * time.Millisecond
	patience = 500 * time.Millisecond
)

// Watch tells changed the names of the definitions whose files or drop-ins
// changed, came or went, until ctx ends; then it returns nil.
//
// The first call of changed means that the watch is in place, and names
// everything there is: only so is nothing missed between a LoadAll before and
// the watch after it. Names are sorted and need not be valid (Load tells). A name
// may be told without any change to its content; Definition.Digest tells.
//
// The directories need not exist: their nearest ancestor is watched until they
// do, and again when they are deleted or moved away. Nothing is polled; a timer
// runs only just after an event. Files that symbolic links lead to are not
// watched, the links are.
//
// The error says that the system refuses a watch (limits of inotify). On macOS
// every file in the directories costs a descriptor: compiled, not run.
func Watch(ctx context.Context, src Sources, changed func(names []string)) error {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch the definitions: %w", err)
	}
	defer notify.Close()
	w := &watcher{notify: notify, add: notify.Add, changed: changed, pending: map[string]bool{}}
	for _, d := range src.dirs() {
		w.roots = append(w.roots, &root{path: filepath.Clean(d.path)})
	}
	if err := w.rescan(); err != nil {
		return err
	}
	w.tell()
	return w.run(ctx)
}

// A watcher is owned by the goroutine of Watch.
type watcher struct {
	notify  *fsnotify.Watcher
	add     func(path string) error // notify.Add; a test makes directories just after it looked
	changed func([]string)
	roots   []*root
	pending map[string]bool // names to tell
	first   time.Time       // of the events that are pending
	settled *time.Timer     // nil: nothing is pending
}

// A root is a services directory.
type root struct {
	path    string
	watched string          // path, or the ancestor that is watched until path exists
	names   map[string]bool // seen in it last, to be told when all of it goes
}

func (w *watcher) run(ctx context.Context) error {
	defer func() {
		if w.settled != nil {
			w.settled.Stop()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.notify.Events:
			if err := w.event(e); err != nil {
				return err
			}
		case err := <-w.notify.Errors:
			if err := w.failure(err); err != nil {
				return err
			}
		case <-w.due():
			w.settled = nil
			w.tell()
		}
	}
}

// due never fires while nothing is pending.
func (w *watcher) due() <-chan time.Time {
	if w.settled == nil {
		return nil
	}
	return w.settled.C
}

// tell hands over what is pending; the first time also if that is nothing.
func (w *watcher) tell() {
	names := slices.Sorted(maps.Keys(w.pending))
	clear(w.pending)
	w.changed(names)
}

func (w *watcher) note(name string) {
	w.pending[name] = true
}

// wait puts the time to tell off, within limits.
func (w *watcher) wait() {
	switch {
	case len(w.pending) == 0:
	case w.settled == nil:
		w.first = time.Now()
		w.settled = time.NewTimer(settle)
	default:
		w.settled.Reset(min(settle, max(0, patience-time.Since(w.first))))
	}
}

// failure: after an overflow events are lost, so everything may have changed.
func (w *watcher) failure(err error) error {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		return fmt.Errorf("cannot watch the definitions: %w", err)
	}
	err = w.rescan()
	w.wait()
	return err
}

func (w *watcher) event(e fsnotify.Event) error {
	if e.Name == "" { // fsnotify's way to say that a watch of ours went with its directory
		return nil
	}
	e.Name = filepath.Clean(e.Name) // it is "//x" below the root directory
	defer w.wait()
	for _, r := range w.roots {
		if err := w.rootEvent(r, e); err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) rootEvent(r *root, e fsnotify.Event) error {
	if r.watched != r.path || e.Name == r.path || e.Name == filepath.Dir(r.path) {
		return w.ancestorEvent(r, e)
	}
	switch filepath.Dir(e.Name) {
	case r.path:
		return w.entryEvent(r, e)
	default: // in a NAME.d
		name, drop, ok := nameOf(filepath.Base(filepath.Dir(e.Name)))
		if ok && drop && filepath.Dir(filepath.Dir(e.Name)) == r.path {
			w.note(name)
		}
		return nil
	}
}

// ancestorEvent looks again when the directory, or what must be there before
// it, came or went. Other files beside it do not matter.
func (w *watcher) ancestorEvent(r *root, e fsnotify.Event) error {
	if e.Name != r.watched && !within(r.path, e.Name) {
		return nil
	}
	return w.scan(r)
}

func (w *watcher) entryEvent(r *root, e fsnotify.Event) error {
	name, drop, ok := nameOf(filepath.Base(e.Name))
	if !ok {
		return nil
	}
	w.note(name)
	r.names[name] = true
	if drop && e.Has(fsnotify.Create) {
		return w.addDrop(e.Name)
	}
	return nil
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	for {
		if path == dir {
			return true
		}
		up := filepath.Dir(path)
		if up == path {
			return false
		}
		path = up
	}
}

func (w *watcher) rescan() error {
	for _, r := range w.roots {
		if err := w.scan(r); err != nil {
			return err
		}
	}
	return nil
}

// scan puts the watches of a root in place and notes every name that was seen
// in it before or is there now.
func (w *watcher) scan(r *root) error {
	if err := w.attach(r); err != nil {
		return err
	}
	for name := range r.names {
		w.note(name)
	}
	r.names = map[string]bool{}
	entries, err := readNames(r.path)
	if err != nil {
		return nil // gone again, which is an event; or unreadable, which Load tells
	}
	for _, entry := range entries {
		name, drop, ok := nameOf(entry)
		if !ok {
			continue
		}
		r.names[name] = true
		w.note(name)
		if drop {
			if err := w.addDrop(filepath.Join(r.path, entry)); err != nil {
				return err
			}
		}
	}
	return nil
}

// attach watches the directory and its parent (which tells if the parent is
// moved away), or else its nearest ancestor. A directory may come into being
// between the look and the watch, so the look is repeated after it.
func (w *watcher) attach(r *root) error {
	w.detach(r)
	for {
		below, missing := "", false
		for r.watched = r.path; ; below, r.watched = r.watched, filepath.Dir(r.watched) {
			err := w.add(r.watched)
			if err == nil {
				break
			}
			if !isAbsent(err) || r.watched == filepath.Dir(r.watched) {
				return fmt.Errorf("cannot watch %s: %w", r.watched, err)
			}
			missing = errors.Is(err, fs.ErrNotExist)
		}
		if r.watched == r.path {
			return w.addParent(r)
		}
		if !missing || !isDir(below) {
			return nil
		}
	}
}

func (w *watcher) addParent(r *root) error {
	if err := w.add(filepath.Dir(r.path)); err != nil && !isAbsent(err) {
		return fmt.Errorf("cannot watch %s: %w", filepath.Dir(r.path), err)
	}
	return nil
}

// detach forgets the root's watch: the path may lead to another directory now.
// Ancestors may be shared with other roots and cost nothing, so an ancestor is
// only forgotten if no other root has it.
func (w *watcher) detach(r *root) {
	for _, other := range w.roots {
		if other != r && (other.watched == r.watched || filepath.Dir(other.path) == r.watched) {
			return
		}
	}
	if r.watched != "" {
		_ = w.notify.Remove(r.watched) // gone already if the directory is
	}
}

func (w *watcher) addDrop(path string) error {
	_ = w.notify.Remove(path) // an older directory of that name
	if !isDir(path) {
		return nil
	}
	if err := w.add(path); err != nil && !isAbsent(err) {
		return fmt.Errorf("cannot watch %s: %w", path, err)
	}
	return nil
}

// isAbsent: what cannot be watched because it is not there, is no directory or
// is out of reach is waited for; everything else is an error.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || isNotDir(err)
}
