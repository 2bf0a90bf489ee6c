package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// Put records that action produced output, whose size bytes are in the file at
// spool. The file gets a second name and is not removed: its writer does that,
// and may put it again if it got no answer. If the store has the output already,
// spool is not looked at.
func (s *Store) Put(action object.Action, output object.Output, size int64, spool string) (object.Entry, error) {
	for {
		if it := s.find(output); it != nil && it.size == size && s.sound(it) {
			if entry, ok, err := s.record(it, action); ok || err != nil {
				return entry, err
			}
			continue // deleted a moment ago
		}
		stamp, err := object.Verify(spool, output, size)
		if err != nil {
			return object.Entry{}, err
		}
		if err := s.insert(output, stamp, spool); err != nil {
			return object.Entry{}, err
		}
	}
}

// find returns the object, made the most recently used, or nil.
func (s *Store) find(output object.Output) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.objects[output]
	if it != nil {
		s.touchLocked(it)
	}
	return it
}

// record writes the index. It reports false if the object is gone.
func (s *Store) record(it *item, action object.Action) (object.Entry, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it.gone {
		return object.Entry{}, false, nil
	}
	now := s.cfg.Now().UnixNano()
	if err := s.index.add(record{kind: kindPut, action: action, output: it.output, size: it.size, time: now}); err != nil {
		return object.Entry{}, false, err
	}
	it.used, it.saved = now, now
	s.actions[action] = origin{it.output, now}
	s.news++
	s.counters.Puts++
	s.condemnLocked()
	s.collectLocked(collectBatch)
	return object.Entry{Output: it.output, Size: it.size, Time: time.Unix(0, now)}, true, nil
}

// insert gives the verified file its name. If another put was faster there is
// nothing to do; a file that is there although the store does not have it is
// not trusted.
func (s *Store) insert(output object.Output, stamp object.Stamp, spool string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it := s.objects[output]; it != nil {
		if it.size == stamp.Size {
			return nil
		}
		s.dropLocked(it) // of another size than its hash has: damaged
		s.counters.Damaged++
	}
	if err := link(spool, s.path(output)); err != nil {
		return err
	}
	now := s.cfg.Now().UnixNano()
	it := &item{output: output, size: stamp.Size, verified: true, stamp: stamp, used: now, saved: now}
	s.objects[output] = it
	s.alive.pushFirst(it)
	return nil
}

// link makes path another name of the file at spool. Where the file system has
// no links the file is moved: if the answer is lost, the object is there all the
// same, and the put that comes again finds it.
func link(spool, path string) error {
	err := os.Link(spool, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		err = os.Link(spool, path)
	}
	if errors.Is(err, fs.ErrExist) {
		if err := os.Remove(path); err != nil {
			return err
		}
		err = os.Link(spool, path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = os.Rename(spool, path)
	}
	return err
}
