package store

import (
	"os"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// Get returns what an action produced. The object's file exists, is whole, and
// stays for as long as doc.go says.
func (s *Store) Get(action object.Action) (object.Entry, bool) {
	s.mu.Lock()
	from, known := s.actions[action]
	it := s.objects[from.output]
	if !known || it == nil {
		delete(s.actions, action)
		s.counters.Misses++
		s.mu.Unlock()
		return object.Entry{}, false
	}
	s.touchLocked(it) // first: from here on nobody deletes it
	s.mu.Unlock()

	sound := s.sound(it)

	s.mu.Lock()
	defer s.mu.Unlock()
	if !sound {
		s.counters.Misses++
		return object.Entry{}, false
	}
	s.counters.Hits++
	return object.Entry{Output: it.output, Size: it.size, Time: time.Unix(0, from.time)}, true
}

// Used notes hits that a client found in a view by itself: how many there were,
// and which objects they were.
func (s *Store) Used(hits int, outputs []object.Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.Hits += int64(hits)
	for _, output := range outputs {
		if it := s.objects[output]; it != nil {
			s.touchLocked(it)
		}
	}
}

// touchLocked makes it the most recently used, and alive if it was condemned.
func (s *Store) touchLocked(it *item) {
	if it.condemned != 0 {
		it.condemned = 0
		s.news++
	}
	it.unlink()
	s.alive.pushFirst(it)
	it.used = s.cfg.Now().UnixNano()
	if it.used-it.saved >= int64(touchInterval) {
		it.saved = it.used
		s.index.add(record{kind: kindUsed, output: it.output, time: it.used}) // if it fails: an older order after the next load
	}
}

// sound reports whether the object's file is whole, hashing it if it was not
// hashed since the load or is not the file that was. A damaged object is
// dropped.
func (s *Store) sound(it *item) bool {
	for {
		s.mu.Lock()
		gone, checking, verified, stamp := it.gone, it.checking, it.verified, it.stamp
		if !gone && checking == nil && !verified {
			it.checking = make(chan struct{})
		}
		s.mu.Unlock()
		switch {
		case gone:
			return false
		case checking != nil:
			<-checking
		case verified:
			if now, err := object.StampOf(s.path(it.output)); err == nil && now == stamp {
				return true
			}
			s.suspect(it, stamp)
		default:
			return s.verify(it)
		}
	}
}

// suspect takes back that the file with this stamp was verified.
func (s *Store) suspect(it *item, stamp object.Stamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it.stamp == stamp {
		it.verified = false
	}
}

func (s *Store) verify(it *item) bool {
	stamp, err := object.Verify(s.path(it.output), it.output, it.size)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(it.checking)
	it.checking = nil
	if it.gone {
		return false
	}
	if err != nil {
		s.counters.Damaged++
		s.dropLocked(it)
		return false
	}
	it.verified, it.stamp = true, stamp
	s.news++
	return true
}

// dropLocked deletes an object.
func (s *Store) dropLocked(it *item) {
	if it.gone {
		return
	}
	it.gone = true
	it.unlink()
	delete(s.objects, it.output)
	os.Remove(s.path(it.output))
	// Without the record (a full disk) the next load finds the file missing.
	s.index.add(record{kind: kindDrop, output: it.output, time: s.cfg.Now().UnixNano()})
}
