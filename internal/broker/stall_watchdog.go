package broker

import (
	"fmt"
	"time"

	"github.com/daemonry/daemonry/internal/inspect"
	"github.com/daemonry/daemonry/internal/notify"
)

// A watchdog is one that a daemon asked for with WATCHDOG_USEC: from then on it
// must send WATCHDOG=1 in each such time while it is ready, or it is taken for
// hung. No definition asks for one, so none is offered in the environment.
type watchdog struct {
	every time.Duration
	timer *time.Timer
}

// leastWatchdog bounds how often a daemon can have itself looked at.
const leastWatchdog = 10 * time.Millisecond

// watchdogLocked takes a message into account.
func (u *unit) watchdogLocked(p *running, m notify.Message) {
	if m.WatchdogTrigger {
		u.b.spawnGoroutine(func() { u.hung(p, "it said so itself (WATCHDOG=trigger)") })
	}
	if m.WatchdogEvery > 0 {
		if p.watchdog == nil {
			p.watchdog = &watchdog{}
		}
		p.watchdog.every = max(m.WatchdogEvery, leastWatchdog)
	}
	if p.watchdog != nil && (m.Watchdog || m.WatchdogEvery > 0 || m.Ready) {
		u.windWatchdogLocked(p)
	}
}

// windWatchdogLocked starts the time anew.
func (u *unit) windWatchdogLocked(p *running) {
	if p.watchdog.timer != nil {
		p.watchdog.timer.Stop()
	}
	due := time.Now().Add(p.watchdog.every)
	asleep := inspect.Suspended()
	p.watchdog.timer = time.AfterFunc(p.watchdog.every, func() { u.watchdogDue(p, due, asleep) })
}

// watchdogDue is called when a daemon did not send WATCHDOG=1 in its time. It is
// forgiven if it could not: stopped, not ready yet, or everything stood still.
func (u *unit) watchdogDue(p *running, due time.Time, asleep time.Duration) {
	late := time.Since(due) > time.Second || (inspect.Suspended()-asleep).Abs() > time.Second
	runs, serves := u.runs(p), false
	u.mu.Lock()
	if u.procs[p.generation] == p && !u.gone {
		view := u.machine.View()
		serves = view.Ready && view.Generation == p.generation
		if late || !runs || !serves {
			u.windWatchdogLocked(p)
			serves = false
		}
	}
	every := p.watchdog.every
	u.mu.Unlock()
	if serves {
		u.hung(p, fmt.Sprintf("it did not send WATCHDOG=1 for %v, as it had promised", every))
	}
}

// endWatchdogLocked is for a process that is gone.
func (p *running) endWatchdogLocked() {
	if p.watchdog != nil && p.watchdog.timer != nil {
		p.watchdog.timer.Stop()
	}
}
