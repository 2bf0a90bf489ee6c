package lifecycle

import (
	"time"

	"github.com/daemonry/daemonry"
)

// Stop ends what runs. As in systemctl the next client starts it again. What is
// in backoff or failed stays so, and nobody's earlier demand counts any more.
func (m *Machine) Stop(now time.Time) []Action {
	return m.step(func() {
		if m.state == disabled {
			return
		}
		m.next = nextRest
		m.clear(now, "stopped by an operator")
		if m.live() {
			m.transition(now, draining)
		}
	})
}

// clear drains everything that is not yet on its way out, and hurries what left
// by itself. The caller sees to the state.
func (m *Machine) clear(now time.Time, cause string) {
	for _, p := range m.draining {
		m.terminate(now, p)
	}
	if m.upgrading {
		m.upgrading = false
		m.emit(EventUpgradeFailed, 0, cause, nil)
	}
	for _, p := range []*proc{m.serving, m.warming} {
		if p == nil {
			continue
		}
		m.emit(EventStopping, p.generation, cause, nil)
		m.failUpgrade(p, cause, nil)
		m.drain(now, p, byOrder, false)
	}
	m.serving, m.warming = nil, nil
}

// Restart ends what runs and starts anew, at once and whatever failed before.
func (m *Machine) Restart(now time.Time) []Action {
	return m.step(func() {
		if m.state == disabled {
			return
		}
		m.history.forget()
		switch m.state {
		case starting, ready:
			m.replace(now, "restarted by an operator")
		case draining:
			m.next = nextStart
		default:
			m.spawn(now)
			m.emit(EventRestarted, m.highest, "", nil)
		}
	})
}

// replace ends what runs; a start follows.
func (m *Machine) replace(now time.Time, cause string) {
	m.clear(now, cause)
	m.next = nextStart
	m.transition(now, draining)
}

// Disable ends what runs and closes the endpoint until Enable.
func (m *Machine) Disable(now time.Time) []Action {
	return m.step(func() {
		if m.state != disabled {
			m.bar(now, Failure{Code: daemonry.CodeDisabled, Message: "disabled by an operator", At: now})
		}
	})
}

// Remove is Disable for ever: the definition is gone.
func (m *Machine) Remove(now time.Time) []Action {
	return m.step(func() {
		if !m.removed {
			m.removed = true
			m.bar(now, Failure{Code: daemonry.CodeUnknownService, Message: "it was taken out of service", At: now})
		}
	})
}

func (m *Machine) bar(now time.Time, why Failure) {
	m.clear(now, why.Message)
	m.next, m.until = nextRest, time.Time{}
	m.history = history{barred: &why}
	m.transition(now, disabled)
	m.emit(EventDisabled, 0, why.Message, nil)
}

// Enable takes Disable back, with no memory of failures. Nothing is started
// before the last process is gone.
func (m *Machine) Enable(now time.Time) []Action {
	return m.step(func() {
		if m.state != disabled || m.removed {
			return
		}
		m.history = history{}
		m.emit(EventEnabled, 0, "", nil)
		m.settle(now)
	})
}

// Upgrade says that the definition, or the program, is a newer one. If two at
// once are allowed, the new one is started beside the old, which goes on
// serving until the new one is ready; else it is a restart. Where nothing runs
// the next start is of the new one anyway, and it does not pay for the old
// one's failures.
func (m *Machine) Upgrade(now time.Time) []Action {
	return m.step(func() {
		switch {
		case m.state == disabled:
			return
		case m.live() && m.policy.Seamless:
			m.warmUp(now)
			return
		}
		m.history.forget()
		switch m.state {
		case starting, ready:
			m.replace(now, "replaced by a newer build")
			m.upgrading = true
			m.emit(EventUpgradeStarted, 0, "", nil)
		case backoff, failed:
			m.resume(now)
		}
	})
}

// warmUp starts the new build beside the old. One that was on trial already is
// out of date, and makes room.
func (m *Machine) warmUp(now time.Time) {
	if old := m.warming; old != nil {
		m.warming = nil
		m.failUpgrade(old, "a still newer one is to be tried", nil)
		m.drain(now, old, byOrder, true)
	}
	m.warming = m.nextProc(now)
	m.warming.upgrade = true
	m.emit(EventUpgradeStarted, m.warming.generation, "", nil)
	m.do(Spawn, m.warming.generation)
}
