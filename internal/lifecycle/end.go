package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/daemonry/daemonry"
)

// ending is how a generation came to its end.
type ending struct {
	cause   string   // in words
	failure *Failure // nil: it ended well by its own wish
	giveUp  bool     // and is not to be tried again soon
	output  string
}

// Exited says that a generation is over: the process, and what it left behind.
func (m *Machine) Exited(now time.Time, generation uint64, e Exit) []Action {
	return m.step(func() {
		if p := m.find(generation); p != nil {
			m.gone(now, p, m.ending(now, p, e))
		}
	})
}

// ending judges an exit. A daemon that leaves before it was ready has failed,
// whatever its status.
func (m *Machine) ending(now time.Time, p *proc, e Exit) ending {
	end := ending{cause: e.String(), giveUp: m.policy.givesUp(e), output: e.Output}
	f := Failure{Code: daemonry.CodeStartFailed, Message: end.cause, Output: e.Output, Generation: p.generation, At: now}
	switch {
	case p.readyAt.IsZero() && e.BindError != "":
		f.Message, f.Kind = e.BindError, e.BindKind
	case p.readyAt.IsZero():
		f.Message += " before it was ready"
	case !e.clean():
		// as it says
	case p.why == byOrder, p.why == byFailure, !m.history.churning(now):
		return end
	default:
		f.Message += fmt.Sprintf(" more than %d times in %v", churnLimit, churnWindow)
	}
	end.failure = &f
	return end
}

// gone takes a process off the books.
func (m *Machine) gone(now time.Time, p *proc, end ending) {
	switch p {
	case m.serving:
		m.crashed(now, p, end)
	case m.warming:
		m.warming = nil
		m.emit(EventExited, p.generation, end.cause, end.failure)
		m.failUpgrade(p, end.cause, end.failure)
	default:
		m.drained(now, p, end)
	}
}

// crashed handles the end of the generation that serves: a failure, unless it
// was ready and left with status 0.
func (m *Machine) crashed(now time.Time, p *proc, end ending) {
	m.serving = nil
	m.history.healthy(now, p, m.policy)
	if end.failure != nil {
		m.history.record(now, *end.failure, m.policy, end.giveUp)
	}
	m.emit(EventExited, p.generation, end.cause, end.failure)
	m.failUpgrade(p, end.cause, end.failure)
	if !m.promote(now) {
		m.settle(now)
	}
}

// drained handles the end of a process on its way out. It is a failure only if
// leaving was its own idea and it made a mess of it.
func (m *Machine) drained(now time.Time, p *proc, end ending) {
	m.draining = slices.DeleteFunc(m.draining, func(q *proc) bool { return q == p })
	m.history.supplement(p.generation, end.output)
	if p.why != byItself || p.terminated || p.aside {
		end.failure = nil
	}
	if end.failure != nil {
		m.history.record(now, *end.failure, m.policy, end.giveUp)
	}
	m.emit(EventExited, p.generation, end.cause, end.failure)
	if p.why != byFailure && end.failure == nil {
		m.emit(EventStopped, p.generation, "", nil)
	}
	if m.state == draining {
		m.settle(now)
	}
}

// failUpgrade tells, if p is a new build on trial, that it did not make it.
func (m *Machine) failUpgrade(p *proc, cause string, f *Failure) {
	if p.upgrade {
		m.emit(EventUpgradeFailed, p.generation, cause, f)
	}
}

// promote puts the warming generation in the place of one that is no more. It
// has not proved itself, but it is started, and nothing else is there.
func (m *Machine) promote(now time.Time) bool {
	if m.warming == nil {
		return false
	}
	m.serving, m.warming = m.warming, nil
	m.history.sentence() // served by the start that is under way
	m.transition(now, starting)
	return true
}

// settle decides what follows when the last process that stood in the way is
// gone.
func (m *Machine) settle(now time.Time) {
	if m.blocked() {
		if m.state != draining {
			m.transition(now, draining)
		}
		return
	}
	v := m.history.sentence()
	switch {
	case m.next == nextStart:
		m.spawnAgain(now, v)
	case v == verdictFail:
		m.giveUp(now)
	case v == verdictBackoff:
		m.backOff(now)
	case m.next == nextDemand:
		m.spawn(now)
	default:
		m.transition(now, idle)
	}
}

// spawnAgain is the start that an operator asked for while a process was
// leaving.
func (m *Machine) spawnAgain(now time.Time, v verdict) {
	if v == verdictFail {
		m.history.forget()
	}
	m.spawn(now)
	m.emit(EventRestarted, m.highest, "", nil)
}

// backOff waits before the next attempt. Whoever demanded it still does.
func (m *Machine) backOff(now time.Time) {
	d := m.policy.backoff(m.history.count, m.jitter())
	m.until = now.Add(d)
	m.transition(now, backoff)
	m.emit(EventBackoff, 0, fmt.Sprintf("next attempt in %v", d.Round(time.Millisecond)), m.history.cause())
}

// giveUp closes the endpoint until the cool-down is over.
func (m *Machine) giveUp(now time.Time) {
	m.next = nextRest
	m.until = now.Add(m.policy.Cooldown)
	m.transition(now, failed)
	m.emit(EventFailed, 0, fmt.Sprintf("next attempt in %v", m.policy.Cooldown), m.history.cause())
}

// evict drains the generation that serves because of a failure, which is
// counted now; what it costs is decided when the process is gone.
func (m *Machine) evict(now time.Time, p *proc, f Failure) {
	m.serving = nil
	m.do(Evidence, p.generation)
	m.drain(now, p, byFailure, m.warming != nil)
	m.history.record(now, f, m.policy, false)
	m.failUpgrade(p, f.Message, &f)
	if !m.promote(now) {
		m.transition(now, draining)
	}
}

// Stopping says that the daemon announced its own end (STOPPING=1). It has the
// grace period to itself before it is asked to, and another before it is
// killed.
func (m *Machine) Stopping(now time.Time, generation uint64) []Action {
	return m.step(func() {
		p := m.find(generation)
		if p == nil || m.roleOf(p) == RoleDraining {
			return
		}
		m.emit(EventStopping, generation, "it announced its own end", nil)
		if p == m.warming {
			m.warming = nil
			m.drain(now, p, byItself, true)
		} else {
			m.leave(now, p, byItself)
		}
		const cause = "announced its own end before it was ready"
		m.failUpgrade(p, cause, &Failure{Code: daemonry.CodeStartFailed, Message: cause, Generation: generation, At: now})
	})
}

// leave drains the generation that serves without blame. If another is warming
// it takes the place.
func (m *Machine) leave(now time.Time, p *proc, why reason) {
	m.serving = nil
	m.drain(now, p, why, m.warming != nil)
	if !m.promote(now) {
		m.transition(now, draining)
	}
}

// Stall says that the daemon, ready, lets its queue stand and does nothing.
// Before it is ready that is nobody's business: loading may take long.
func (m *Machine) Stall(now time.Time, generation uint64, f Failure) []Action {
	return m.step(func() {
		p := m.serving
		if m.state != ready || p.generation != generation {
			return
		}
		f.Generation, f.At = generation, now
		if f.Code == "" {
			f.Code = daemonry.CodeStartFailed
		}
		m.emit(EventStall, generation, f.Message, &f)
		m.evict(now, p, f)
	})
}

// IdleStop says that nobody uses the daemon: it is frozen, and nothing is
// connected. Whatever the answer, what lives is thawed, after the stop signal.
func (m *Machine) IdleStop(now time.Time, generation uint64) []Action {
	return m.step(func() {
		p := m.find(generation)
		if p == nil {
			return
		}
		if m.state == ready && p == m.serving {
			m.emit(EventIdleStop, generation, "", nil)
			m.leave(now, p, byOrder)
		}
		m.do(Thaw, generation)
	})
}
