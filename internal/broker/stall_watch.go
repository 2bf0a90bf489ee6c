package broker

import (
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/inspect"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// watchStall finds out whether a generation hangs. While nobody waits it sleeps,
// with the listeners watched, and no timer runs. When a connection comes it looks
// a tenth of the limit later whether one still waits: mostly not, and the
// listeners are watched again. So a busy daemon wakes it once in that time.
func (u *unit) watchStall(p *running) {
	if !u.awaitServing(p) {
		return
	}
	var clock stallClock
	for waits := false; ; {
		if !waits && !u.awaitConnection(p) {
			return
		}
		rule := u.stallRule()
		if !p.pause(u.b.ctx, rule.every()) {
			return
		}
		look, serves := u.lookForStall(p)
		if !serves {
			return
		}
		if waits = anybody(look.heads); !waits {
			clock = stallClock{}
			continue
		}
		switch j, cause := clock.judge(look, rule); j {
		case isHung:
			u.hung(p, cause)
			return
		case isBusy:
			u.busy(p, cause)
		}
	}
}

func anybody(heads []uint64) bool {
	for _, head := range heads {
		if head != 0 {
			return true
		}
	}
	return false
}

// awaitConnection watches the listeners until one comes.
func (u *unit) awaitConnection(p *running) bool {
	select {
	case <-p.stallBell.rung(): // one that came while nobody listened
	default:
	}
	if serves, _ := u.serves(p); !serves {
		return false
	}
	u.mu.Lock()
	u.armLocked()
	u.mu.Unlock()
	select {
	case <-p.stop:
		return false
	case <-u.b.ctx.Done():
		return false
	case <-p.stallBell.rung():
		return true
	}
}

func (u *unit) stallRule() stallRule {
	u.mu.Lock()
	defer u.mu.Unlock()
	return stallRule{
		limit:   lifecycle.PolicyOf(u.def.Service).Stall,
		replace: u.def.Service.Limits.StallAction == "replace",
	}
}

// lookForStall looks at the queues, and at the processes if somebody waits.
func (u *unit) lookForStall(p *running) (l aLook, serves bool) {
	serves, _ = u.serves(p)
	if !serves {
		return l, false
	}
	l = aLook{at: time.Now(), asleep: inspect.Suspended(), heads: u.heads(p)}
	if !anybody(l.heads) {
		return l, true
	}
	processes, err := inspect.Of(p.process.Identity().PID)
	if err == nil {
		l.still, err = inspect.Still(processes)
	}
	if err != nil {
		l.still = err.Error() // not to be known: nobody is blamed
		return l, true
	}
	l.work, err = inspect.WorkOf(processes)
	l.known = err == nil
	return l, true
}

// heads is who waits first at each listener. Nothing is asked of the kernel's
// tables while nobody does.
func (u *unit) heads(p *running) []uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	heads := make([]uint64, len(u.listeners))
	var table sockdiag.Table
	for i, l := range u.listeners {
		if waits, err := l.Readable(); err != nil || !waits {
			continue
		}
		if l.Network() != "unix" {
			heads[i] = p.tcpHead(i, l.Address())
			continue
		}
		if table == nil {
			table, _ = sockdiag.Listeners() // without it nobody is blamed
		}
		if key, err := sockdiag.Of(l.FD()); err == nil {
			heads[i] = table[key].Head
		}
	}
	return heads
}

// forgiveness is how much more time a start is given while it cannot go on.
const forgiveness = time.Second

// forgiveLocked is called when a deadline has come. A daemon that somebody has
// stopped, froze or is debugging does not miss its start time.
func (u *unit) forgiveLocked() {
	if u.gone {
		return
	}
	for _, proc := range u.machine.View().Processes {
		p := u.procs[proc.Generation]
		if p == nil || proc.Role == lifecycle.RoleDraining || !proc.ReadyAt.IsZero() {
			continue
		}
		processes, err := inspect.Of(p.process.Identity().PID)
		if err != nil {
			continue
		}
		if why, err := inspect.Still(processes); err == nil && why != "" {
			u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
				return m.Extend(now, p.generation, forgiveness)
			})
		}
	}
}

// hung has a generation replaced.
func (u *unit) hung(p *running, cause string) {
	u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		return m.Stall(now, p.generation, lifecycle.Failure{Code: daemonry.CodeStartFailed, Kind: "stall", Message: cause})
	})
}

// busy tells of a generation that lets its queue stand and is at work. Nothing is
// done about it.
func (u *unit) busy(p *running, cause string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.procs[p.generation] != p {
		return
	}
	view := u.machine.View()
	e := lifecycle.Event{Type: lifecycle.EventBusy, Generation: p.generation, From: view.State, To: view.State, Cause: cause}
	u.emitLocked(withEvidence(e, u.witnessLocked(p, lifecycle.EventBusy)))
}
