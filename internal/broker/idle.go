package broker

import (
	"context"
	"sync"
	"time"

	"github.com/daemonry/daemonry/internal/lifecycle"
)

// watched is what the watchers of a generation keep. Its zero value is ready for
// use.
type watched struct {
	idleBell, stallBell bell // rung when a connection came

	// hold is taken by whoever freezes the process, until it is thawed; the process
	// is not let go of meanwhile. Taken before unit.mu.
	hold sync.Mutex

	// The rest is guarded by unit.mu.
	questioned bool      // its stacks are being collected
	condemned  bool      // it is to be terminated after that
	watchdog   *watchdog // nil unless it asked for one
	tcpQueues  map[int]*tcpQueue
	image      image // what it executes, once it was stopped for idleness
	fated      bool  // it can only die of the stop signal: the idle stop makes it short
}

// A bell is heard once, however often it was rung.
type bell struct {
	once sync.Once
	c    chan struct{}
}

func (b *bell) rung() chan struct{} {
	b.once.Do(func() { b.c = make(chan struct{}, 1) })
	return b.c
}

func (b *bell) ring() {
	select {
	case b.rung() <- struct{}{}:
	default: // it was rung already
	}
}

// pause waits for d; false: there is nothing to wait for any more.
func (p *running) pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.stop:
	case <-ctx.Done():
	case <-t.C:
		return true
	}
	return false
}

// serves reports whether a generation serves and is ready, and when that may
// have changed.
func (u *unit) serves(p *running) (serves bool, changed <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	view := u.machine.View()
	return !u.gone && view.Ready && view.Generation == p.generation, u.changed
}

// awaitServing waits until a generation is ready; false: it will not be.
func (u *unit) awaitServing(p *running) bool {
	for {
		serves, changed := u.serves(p)
		if serves {
			return true
		}
		select {
		case <-p.stop:
			return false
		case <-u.b.ctx.Done():
			return false
		case <-changed:
		}
	}
}

// An idle time is watched in slices of a tenth: after a connection was seen, the
// listener is not watched for a slice. So a busy daemon wakes the broker ten
// times in its idle time and not for each connection, and one that is not used
// wakes it once (DESIGN.md §9).
const (
	sliceCount = 10
	leastSlice = 10 * time.Millisecond
)

func slice(d time.Duration) time.Duration { return max(d/sliceCount, leastSlice) }

// idleClock is what watchIdle knows.
type idleClock struct {
	last time.Time // of activity, or the end of the slice in which it was
	open bool      // at the last look a connection was open
	told bool      // that connections cannot be counted
}

// wait is how long there is nothing to look at.
func (c *idleClock) wait(limit time.Duration) time.Duration {
	if c.open {
		return slice(limit)
	}
	return time.Until(c.last.Add(limit))
}

// watchIdle stops a generation that nobody used for its idle time. Without an
// idle time it waits for a definition that has one.
func (u *unit) watchIdle(p *running) {
	if !u.awaitServing(p) {
		return
	}
	for c := (idleClock{last: time.Now()}); ; {
		limit, changed, serves := u.idleLimit(p)
		if !serves || !u.idleSlice(p, &c, limit, changed) {
			return
		}
	}
}

// idleLimit is the idle time, 0 for none, and has the listeners watched if there
// is one.
func (u *unit) idleLimit(p *running) (limit time.Duration, changed <-chan struct{}, serves bool) {
	serves, changed = u.serves(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	limit = lifecycle.PolicyOf(u.def.Service).Idle
	if serves && limit > 0 {
		u.armLocked()
	}
	return limit, changed, serves
}

// idleSlice waits for the next thing that matters; false: there is no more.
func (u *unit) idleSlice(p *running, c *idleClock, limit time.Duration, changed <-chan struct{}) bool {
	var due <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(c.wait(limit))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-p.stop:
		return false
	case <-u.b.ctx.Done():
		return false
	case <-changed: // perhaps the definition
	case <-p.idleBell.rung():
		if limit > 0 && !p.pause(u.b.ctx, slice(limit)) {
			return false
		}
		select {
		case <-p.idleBell.rung(): // it was this slice's
		default:
		}
		c.last = time.Now()
	case <-due:
		u.idleLook(p, c, limit)
	}
	return true
}

// idleLook is the end of an idle time without a new connection, or of a slice
// with an open one.
func (u *unit) idleLook(p *running, c *idleClock, limit time.Duration) {
	used, err := u.used()
	if err != nil && !c.told {
		c.told = true
		u.b.log.Warn("cannot stop for idleness: connections cannot be counted", "service", u.name.String(), "error", err)
	}
	used = used || err != nil
	was := c.open
	c.open = used && err == nil
	if used || was {
		c.last = time.Now() // also when it has just been closed
		return
	}
	if time.Since(c.last) < limit {
		return
	}
	if !u.stopIdle(p) {
		c.last = time.Now()
	}
}

// used reports whether a connection is open or waits to be.
func (u *unit) used() (bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, l := range u.listeners {
		if waits, err := l.Readable(); err != nil || waits {
			return true, err
		}
	}
	n, err := u.openLocked()
	return n > 0, err
}
