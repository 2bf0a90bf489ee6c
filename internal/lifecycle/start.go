package lifecycle

import (
	"time"

	"github.com/daemonry/daemonry"
)

// Begin starts watching for clients. It is called once, after whatever daemon
// was found alive has been adopted.
func (m *Machine) Begin(now time.Time) []Action {
	return m.step(func() {
		if m.begun {
			return
		}
		m.begun = true
		if m.since.IsZero() {
			m.since = now
		}
		if m.state == idle {
			m.arm()
		}
	})
}

// Adopt takes over a live daemon that another broker started. What counts as
// bound stays bound: the bind budget is not for it; its other clocks start
// anew. One that is found when the
// service has a daemon already, or is to have none, is surplus and drained.
func (m *Machine) Adopt(now time.Time, generation uint64, isReady bool) []Action {
	return m.step(func() {
		if generation == 0 || m.find(generation) != nil {
			return
		}
		m.highest = max(m.highest, generation)
		p := m.newProc(now, generation)
		p.spawnedAt, p.announced, p.bound, p.bindBy = now, true, true, time.Time{}
		if m.state != idle {
			m.emit(EventStopping, generation, "another generation was found alive beside it", nil)
			m.drain(now, p, byOrder, m.state != draining && m.state != disabled)
			return
		}
		m.serving = p
		m.transition(now, starting)
		m.emit(EventAdopted, generation, "", nil)
		if isReady {
			m.becomeReady(now, p)
		}
	})
}

// Pending says that a client waits in the listener's queue.
func (m *Machine) Pending(now time.Time) []Action {
	return m.step(func() {
		if m.state != idle {
			return // it was on its way when the watch ended; Arm will tell again
		}
		m.armed = false // the watch is for one event
		m.spawn(now)
	})
}

// Demand says that a client waits for readiness, or that an operator wants the
// service started. A client waits out a backoff, an operator does not and also
// ends a cool-down. Nobody starts what is disabled.
func (m *Machine) Demand(now time.Time, operator bool) []Action {
	return m.step(func() {
		wish := nextDemand
		if operator {
			wish = nextStart
		}
		switch m.state {
		case idle:
			m.spawn(now)
		case backoff:
			if m.next = wish; operator {
				m.spawn(now)
			}
		case draining:
			m.next = max(m.next, wish)
		case failed:
			if operator {
				m.freshStart(now)
			}
		}
	})
}

// freshStart forgets the failures and starts.
func (m *Machine) freshStart(now time.Time) {
	m.history.forget()
	m.spawn(now)
}

// spawn starts the next generation. Nothing serves, and nothing that drains
// forbids it.
func (m *Machine) spawn(now time.Time) {
	m.serving = m.nextProc(now)
	m.serving.upgrade, m.upgrading = m.upgrading, false
	m.next, m.until = nextRest, time.Time{}
	m.transition(now, starting)
	m.do(Spawn, m.serving.generation)
}

func (m *Machine) nextProc(now time.Time) *proc {
	m.highest++
	m.starts++
	return m.newProc(now, m.highest)
}

// Spawned says that the gate of a generation was opened: its clocks start.
func (m *Machine) Spawned(now time.Time, generation uint64) []Action {
	return m.step(func() {
		p := m.find(generation)
		if p == nil || !p.spawnedAt.IsZero() {
			return
		}
		p.spawnedAt = now
		if m.onTrial(generation) == nil {
			return // it was overtaken
		}
		p.startClocks(now, m.policy)
		if p.bound {
			p.bindBy = time.Time{}
		}
		if !p.binds {
			m.announce(p)
		}
	})
}

// onTrial returns the process of a generation that is starting; nil: it is not.
func (m *Machine) onTrial(generation uint64) *proc {
	p := m.find(generation)
	if p == nil || m.roleOf(p) == RoleDraining || !p.readyAt.IsZero() {
		return nil
	}
	return p
}

func (m *Machine) announce(p *proc) {
	if !p.announced {
		p.announced = true
		m.emit(EventSpawned, p.generation, "", nil)
	}
}

// Bound says that the daemon has bound its endpoint.
func (m *Machine) Bound(_ time.Time, generation uint64) []Action {
	return m.step(func() {
		if p := m.onTrial(generation); p != nil {
			m.bind(p)
		}
	})
}

func (m *Machine) bind(p *proc) {
	if p.bound {
		return
	}
	p.bound, p.bindBy = true, time.Time{}
	m.emit(EventBound, p.generation, "", nil)
	if p.binds {
		m.announce(p)
	}
}

// Ready says that the daemon is warm. A new build that is takes over at once,
// and the old one drains.
func (m *Machine) Ready(now time.Time, generation uint64) []Action {
	return m.step(func() {
		p := m.onTrial(generation)
		if p == nil {
			return
		}
		if p.spawnedAt.IsZero() {
			p.spawnedAt = now // the word of it is still on its way
		}
		if p.binds {
			m.bind(p) // likewise
		}
		m.announce(p)
		m.becomeReady(now, p)
	})
}

func (m *Machine) becomeReady(now time.Time, p *proc) {
	if p == m.warming {
		old := m.serving
		m.serving, m.warming = p, nil
		m.emit(EventStopping, old.generation, "a newer generation is ready", nil)
		m.failUpgrade(old, "a still newer one is ready", nil) // one promoted before it was ready
		m.drain(now, old, byOrder, true)
	}
	p.readyAt = now
	p.stopClocks()
	m.transition(now, ready)
	m.emit(EventReady, p.generation, "", nil)
	if p.upgrade {
		p.upgrade = false
		m.history.forget() // it was the old build's
		m.emit(EventUpgraded, p.generation, "", nil)
	}
	if m.history.ready() {
		m.emit(EventRecovered, p.generation, "", nil)
	}
}

// Extend says that the daemon asked for d more (EXTEND_TIMEOUT_USEC). As in
// systemd it moves the deadline of the start, or of the stop, and only ever
// later; a daemon that is replaced for a failure gets no more time.
func (m *Machine) Extend(now time.Time, generation uint64, d time.Duration) []Action {
	return m.step(func() {
		p := m.find(generation)
		if p == nil || d <= 0 {
			return
		}
		p.startBy = later(p.startBy, now.Add(d))
		if m.onTrial(generation) != nil {
			m.heard(now, p, d)
		}
		if p.why != byFailure {
			p.leaveBy = later(p.leaveBy, now.Add(d))
			p.killBy = later(p.killBy, now.Add(d))
		}
	})
}

// later returns the later of a running deadline and t; one that is not running
// stays so.
func later(deadline, t time.Time) time.Time {
	if deadline.IsZero() || deadline.After(t) {
		return deadline
	}
	return t
}

// Progress says that the daemon told what it is doing (STATUS): it is not
// silent, and the clock of slow_start begins again.
func (m *Machine) Progress(now time.Time, generation uint64) []Action {
	return m.step(func() {
		if p := m.onTrial(generation); p != nil {
			m.heard(now, p, 0)
		}
	})
}

// heard begins the clock of slow_start again: p may now be silent for as long
// as anybody, or for d if that is longer.
func (m *Machine) heard(now time.Time, p *proc, d time.Duration) {
	if m.policy.SlowStart == 0 {
		return
	}
	if t := now.Add(max(d, m.policy.SlowStart)); t.After(p.slowAt) {
		p.slowAt = t
	}
}

// Lost says that the endpoint has vanished although nobody withdrew it. If what
// Publish makes is another listener than the one the daemon holds, Restart (or
// Upgrade, if two at once are allowed) is to follow.
func (m *Machine) Lost(_ time.Time) []Action {
	return m.step(func() {
		if !m.published {
			return // meant: failed or disabled
		}
		m.emit(EventListenerLost, 0, "", nil)
		m.do(Publish, 0)
		if m.state == idle {
			m.arm() // what was watched is not there any more
		}
	})
}

// SpawnFailed says that a generation could not be started.
func (m *Machine) SpawnFailed(now time.Time, generation uint64, f Failure) []Action {
	return m.step(func() {
		p := m.find(generation)
		if p == nil {
			return
		}
		f.Generation, f.At = generation, now
		if f.Code == "" {
			f.Code = daemonry.CodeStartFailed
		}
		m.gone(now, p, ending{cause: f.Message, failure: &f})
	})
}
