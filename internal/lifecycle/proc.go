package lifecycle

import "time"

// proc is one generation's process, from the wish to start it to its end.
type proc struct {
	generation uint64
	spawnedAt  time.Time // the gate opened
	readyAt    time.Time
	announced  bool // the event spawned was emitted
	binds      bool // mode bind: spawned is said when it has bound
	bound      bool
	upgrade    bool // it is a new build on trial; false once it proved ready

	// While it is starting. Zero: never.
	clocksFrom              time.Time
	bindBy, startBy, slowAt time.Time

	// While it is draining.
	why        reason
	aside      bool      // another serves, or is to: nothing waits for its end
	terminated bool      // Terminate was asked
	killed     bool      // Kill was asked
	leaveBy    time.Time // when Terminate follows; zero: never, or done
	killBy     time.Time // when Kill follows; zero: never, or done
}

// reason is why a process drains.
type reason uint8

const (
	byOrder   reason = iota + 1 // of an operator, an upgrade or the idle watcher
	byItself                    // it said STOPPING=1
	byFailure                   // it hung; the failure is counted already
)

// newProc returns a process about to be spawned. The clocks start now, and
// again when it is, so that a spawn of which nobody hears is noticed too.
func (m *Machine) newProc(now time.Time, generation uint64) *proc {
	p := &proc{generation: generation, binds: m.policy.Bind > 0}
	p.startClocks(now, m.policy)
	return p
}

func (p *proc) startClocks(now time.Time, policy Policy) {
	p.clocksFrom = now
	p.bindBy = after(now, policy.Bind)
	p.startBy = after(now, policy.Start)
	p.slowAt = after(now, policy.SlowStart)
}

// age returns for how long p has been starting, in words.
func (p *proc) age(now time.Time) string {
	return now.Sub(p.clocksFrom).Round(time.Millisecond).String()
}

// stopClocks is for a process that is no longer starting.
func (p *proc) stopClocks() { p.bindBy, p.startBy, p.slowAt = time.Time{}, time.Time{}, time.Time{} }

// deadline returns when something is to be done about p; zero: never.
func (p *proc) deadline() time.Time {
	first := earlier(earlier(p.bindBy, p.startBy), p.slowAt)
	return earlier(first, earlier(p.leaveBy, p.killBy))
}

// drain puts p on its way out. The caller has taken it off serving or warming.
func (m *Machine) drain(now time.Time, p *proc, why reason, aside bool) {
	m.history.healthy(now, p, m.policy)
	p.stopClocks()
	p.why, p.aside = why, aside
	m.draining = append(m.draining, p)
	if why == byItself {
		p.leaveBy = now.Add(m.policy.Stop)
		return
	}
	m.terminate(now, p)
}

// terminate asks for the stop signal, once, and sets the time for the kill.
func (m *Machine) terminate(now time.Time, p *proc) {
	if p.terminated {
		return
	}
	p.terminated, p.leaveBy = true, time.Time{}
	p.killBy = now.Add(m.policy.Stop)
	m.do(Terminate, p.generation)
}

// kill asks for SIGKILL, once. What does not die of it stays draining.
func (m *Machine) kill(p *proc) {
	p.killed, p.killBy = true, time.Time{}
	m.do(Kill, p.generation)
}
