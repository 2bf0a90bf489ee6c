package broker

import (
	"fmt"
	"time"

	"github.com/daemonry/daemonry/internal/inspect"
)

// A stallClock judges looks at one generation's queues (DESIGN.md §9): it is hung
// if the same connection was the oldest one that waits at every look for the
// limit, while the daemon could have run and did nothing. It has no clock or
// process of its own. Its zero value has seen nothing.
type stallClock struct {
	heads  []uint64  // at the last look, one for each listener; 0: nobody waits
	since  time.Time // of the stretch that is judged
	work   inspect.Work
	known  bool // work could be told then
	last   time.Time
	asleep time.Duration // for how long the machine had been suspended
	told   bool          // that it is busy, with these heads
}

// aLook is what there was to see at one time.
type aLook struct {
	at     time.Time
	asleep time.Duration
	heads  []uint64
	still  string // why it cannot run; empty: it can
	work   inspect.Work
	known  bool // false: what it reads and writes cannot be seen
}

// stallRule is what the definition says.
type stallRule struct {
	limit   time.Duration
	replace bool // also what is at work
}

// every is how often a queue in which somebody waits is looked at.
func (r stallRule) every() time.Duration { return slice(r.limit) }

// judgement is what a look has come to.
type judgement int

const (
	notHung judgement = iota
	isBusy            // it lets its queue stand, but is at work; told once
	isHung
)

// Below this part of the time a process is not at work, whatever woke it; but one
// unit of the kernel's account says nothing.
const (
	workShare = 100
	workUnit  = 10 * time.Millisecond
)

// judge takes the next look into account. cause says what was seen.
func (c *stallClock) judge(l aLook, r stallRule) (j judgement, cause string) {
	if !c.goesOn(l, r) {
		c.begin(l)
		return notHung, ""
	}
	c.last, c.asleep = l.at, l.asleep
	if l.at.Sub(c.since) < r.limit {
		return notHung, ""
	}
	did, idle := c.did(l)
	cause = fmt.Sprintf("it took no connection for %v, though one waits, and %s", r.limit, did)
	switch told := c.told; {
	case idle, r.replace:
		return isHung, cause
	default:
		c.begin(l)
		if c.told = true; told {
			return notHung, ""
		}
		return isBusy, cause
	}
}

// goesOn reports whether nothing happened since the last look that begins the
// stretch anew: a connection was taken, the daemon could not run, or the machine
// or this broker could not.
func (c *stallClock) goesOn(l aLook, r stallRule) bool {
	late := l.at.Sub(c.last) > 3*r.every()+time.Second
	slept := (l.asleep - c.asleep).Abs() > max(r.every()/2, 100*time.Millisecond)
	return !c.since.IsZero() && l.still == "" && !late && !slept && stands(c.heads, l.heads)
}

// stands reports whether the queues are as they were: somebody is at the head of
// one, and nobody who was has gone.
func stands(before, now []uint64) bool {
	if len(before) != len(now) {
		return false
	}
	waits := false
	for i, head := range before {
		if head != 0 && now[i] != head {
			return false
		}
		waits = waits || head != 0
	}
	return waits
}

// begin starts a stretch, unless the daemon cannot run: it begins when it can.
func (c *stallClock) begin(l aLook) {
	*c = stallClock{heads: l.heads, work: l.work, known: l.known, last: l.at, asleep: l.asleep}
	if l.still == "" {
		c.since = l.at
	}
}

// did says what the daemon did in the stretch, and whether that is nothing.
func (c *stallClock) did(l aLook) (what string, nothing bool) {
	work, stretch := l.work.Since(c.work), l.at.Sub(c.since)
	switch {
	case work.CPU > max(stretch/workShare, workUnit):
		return fmt.Sprintf("was at work: %v of processor time", work.CPU), false
	case !c.known || !l.known:
		return "may be at work: what it reads and writes cannot be seen", false
	case work.Bytes > 0:
		return fmt.Sprintf("was at work: %d bytes read and written", work.Bytes), false
	}
	return "did nothing", true
}
