package store

import "time"

// leaseLimit is how long after its last sign of life a lease protects. A go
// command may run for ever (`go run server`), long after its last question.
const leaseLimit = 24 * time.Hour

// collectBatch is how many files are deleted before others get the mutex.
const collectBatch = 64

// A Lease keeps what a client may have been told of from being deleted.
type Lease struct {
	store *Store
	epoch uint64    // objects condemned after it may be known to the client
	seen  time.Time // last sign of life
}

// Attach begins a lease, and returns the path of the current view; empty if
// there is none.
func (s *Store) Attach() (*Lease, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &Lease{store: s, epoch: s.epoch, seen: s.cfg.Now()}
	s.leases[l] = struct{}{}
	if s.viewEpoch != s.epoch {
		return l, "" // it offers objects that were condemned
	}
	return l, s.view
}

// Renew is a sign of life.
func (l *Lease) Renew() {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.seen = l.store.cfg.Now()
}

// Close ends the lease. A client that vanished (orderly is false) may not have
// reported what it used, and what it told others of: nothing is deleted for the
// grace period.
func (l *Lease) Close(orderly bool) {
	s := l.store
	s.mu.Lock()
	if _, open := s.leases[l]; open && !orderly {
		s.holdLocked()
	}
	delete(s.leases, l)
	s.condemnLocked()
	s.mu.Unlock()
	s.collect()
}

func (s *Store) holdLocked() {
	if until := s.cfg.Now().Add(s.cfg.Grace); until.After(s.hold) {
		s.hold = until
	}
}

// condemnLocked condemns the least recently used objects if there is more alive
// than the limit, down to nine tenths of it so that it is not done at every put.
func (s *Store) condemnLocked() {
	if s.alive.bytes <= s.cfg.Limit {
		return
	}
	oldest := s.cfg.Now().Add(-s.cfg.Grace).UnixNano()
	epoch := s.epoch + 1
	for s.alive.bytes > s.cfg.Limit/10*9 && s.alive.last.used < oldest {
		it := s.alive.last
		it.unlink()
		it.condemned = epoch
		s.condemned.pushFirst(it)
		s.epoch = epoch
	}
}

// collectLocked deletes up to n condemned objects that no client can know of,
// and reports whether there may be more.
func (s *Store) collectLocked(n int) bool {
	if s.condemned.last == nil || s.cfg.Now().Before(s.hold) {
		return false
	}
	known := s.oldestLeaseLocked()
	for ; n > 0; n-- {
		it := s.condemned.last
		if it == nil || it.condemned > known {
			return false
		}
		s.dropLocked(it)
		s.counters.Evictions++
	}
	return true
}

// oldestLeaseLocked returns the epoch before which no client knows anything of
// what was condemned.
func (s *Store) oldestLeaseLocked() uint64 {
	oldest := s.epoch
	for l := range s.leases {
		if s.cfg.Now().Sub(l.seen) < leaseLimit {
			oldest = min(oldest, l.epoch)
		}
	}
	return oldest
}

// collect deletes what can be deleted, letting others in between.
func (s *Store) collect() {
	for more := true; more; {
		s.mu.Lock()
		more = s.collectLocked(collectBatch)
		s.mu.Unlock()
	}
}

// Cleaned says what Clean did.
type Cleaned struct {
	Objects int   `json:"objects"` // deleted
	Bytes   int64 `json:"bytes"`
	Kept    int   `json:"kept"` // deleted once the go commands that use them have ended
}

// Clean forgets every action and deletes every object. What running go commands
// may have been told of is deleted when they have ended.
func (s *Store) Clean() (Cleaned, error) {
	s.mu.Lock()
	before, bytes := len(s.objects), s.alive.bytes+s.condemned.bytes
	s.epoch++
	for s.alive.last != nil {
		it := s.alive.last
		it.unlink()
		it.condemned = s.epoch
		s.condemned.pushFirst(it)
	}
	clear(s.actions)
	s.hold = time.Time{}
	err := s.compactLocked()
	evictions := s.counters.Evictions
	s.mu.Unlock()
	s.collect()

	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.Evictions = evictions // they did not go for want of room
	return Cleaned{
		Objects: before - len(s.objects),
		Bytes:   bytes - s.alive.bytes - s.condemned.bytes,
		Kept:    len(s.objects),
	}, err
}
