package lifecycle

import (
	"fmt"
	"time"

	"github.com/daemonry/daemonry"
)

// Tick says that Deadline has come. Called earlier, it does nothing; late, it
// does all that is due.
func (m *Machine) Tick(now time.Time) []Action {
	return m.step(func() {
		for due(now, m.Deadline()) {
			m.tickOne(now)
		}
	})
}

// tickOne does one thing that is due. Every one of them takes its deadline
// away, so Tick ends.
func (m *Machine) tickOne(now time.Time) {
	for p := range m.procs() {
		if due(now, p.deadline()) {
			m.expire(now, p)
			return
		}
	}
	switch m.state {
	case backoff:
		m.resume(now)
	case failed:
		m.history.probation = true
		m.resume(now)
	}
}

// resume is the end of a pause: start if somebody waits, else wait for clients.
// Watching tells at once of those in the queue.
func (m *Machine) resume(now time.Time) {
	m.until = time.Time{}
	if m.next != nextRest {
		m.spawn(now)
		return
	}
	m.transition(now, idle)
}

// expire handles the first deadline of a process that has come.
func (m *Machine) expire(now time.Time, p *proc) {
	switch {
	case due(now, p.leaveBy):
		m.terminate(now, p)
	case due(now, p.killBy):
		m.kill(p)
	case due(now, p.bindBy):
		m.timeOut(now, p, "other", "did not bind its endpoint within "+p.age(now))
	case due(now, p.startBy):
		m.timeOut(now, p, "", "was not ready within "+p.age(now))
	case due(now, p.slowAt):
		p.slowAt = time.Time{} // told once, until it speaks again
		m.do(Evidence, p.generation)
		m.emit(EventSlowStart, p.generation, fmt.Sprintf("neither ready nor a word from it for %v", m.policy.SlowStart), nil)
	}
}

// timeOut replaces a daemon that did not start in time.
func (m *Machine) timeOut(now time.Time, p *proc, kind, message string) {
	f := Failure{Code: daemonry.CodeStartFailed, Kind: kind, Message: message, Generation: p.generation, At: now}
	m.emit(EventStartTimeout, p.generation, message, &f)
	m.reject(now, p, f)
}

// BindFailed says that a daemon will not have its endpoint, before its bind
// budget is over or as it is: it bound something else, or somebody else bound
// what it was given. It is replaced, as after a time-out.
func (m *Machine) BindFailed(now time.Time, generation uint64, f Failure) []Action {
	return m.step(func() {
		p := m.onTrial(generation)
		if p == nil || !p.binds || p.bound {
			return
		}
		f.Generation, f.At = generation, now
		if f.Code == "" {
			f.Code = daemonry.CodeStartFailed
		}
		m.emit(EventBindFailed, generation, f.Message, &f)
		m.reject(now, p, f)
	})
}

// reject replaces a daemon that is starting, for a failure that was told.
func (m *Machine) reject(now time.Time, p *proc, f Failure) {
	if p == m.serving {
		m.evict(now, p, f)
		return
	}
	m.warming = nil
	m.do(Evidence, p.generation)
	m.drain(now, p, byFailure, true)
	m.failUpgrade(p, f.Message, &f)
}
