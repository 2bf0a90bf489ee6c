package lifecycle

import (
	"time"

	"github.com/daemonry/daemonry"
)

// A View is what there is to see of a Machine. It shares nothing with it.
type View struct {
	State       daemonry.State
	Ready       bool      // State is ready
	Generation  uint64    // the one that serves or is starting; zero: none
	Highest     uint64    // the highest that was ever used
	Since       time.Time // of State; zero before the first event
	NextAttempt time.Time // in backoff and failed; else zero
	// Failure is the last one, until a generation becomes ready; in failed, and
	// until the attempt after it is over, the original cause of the series; in
	// disabled, that.
	Failure   *Failure
	Starts    int  // how many Spawn were asked for
	Removed   bool // Remove was called; when Processes is empty too, the machine is over
	Processes []Proc
}

// A Proc is one process of a service.
type Proc struct {
	Generation uint64
	Role       Role
	SpawnedAt  time.Time // when the gate opened (or it was adopted); zero: not yet
	ReadyAt    time.Time // zero: not yet
}

// A Role is what a process is there for.
type Role string

// The roles.
const (
	RoleServing  Role = "serving"  // serves, or is starting in order to
	RoleWarming  Role = "warming"  // a new build on trial, while another serves
	RoleDraining Role = "draining" // on its way out
)

// View returns what there is to see.
func (m *Machine) View() View {
	v := View{
		State: m.state, Ready: m.state == ready, Highest: m.highest, Since: m.since,
		Failure: m.history.cause(), Starts: m.starts, Removed: m.removed,
	}
	if m.serving != nil {
		v.Generation = m.serving.generation
	}
	if m.state == backoff || m.state == failed {
		v.NextAttempt = m.until
	}
	for p := range m.procs() {
		v.Processes = append(v.Processes, Proc{Generation: p.generation, Role: m.roleOf(p), SpawnedAt: p.spawnedAt, ReadyAt: p.readyAt})
	}
	return v
}

func (m *Machine) roleOf(p *proc) Role {
	switch p {
	case m.serving:
		return RoleServing
	case m.warming:
		return RoleWarming
	}
	return RoleDraining
}

// Deadline returns when Tick is to be called; zero: not before something else
// has happened.
func (m *Machine) Deadline() time.Time {
	var first time.Time
	for p := range m.procs() {
		first = earlier(first, p.deadline())
	}
	if m.state == backoff || m.state == failed {
		first = earlier(first, m.until)
	}
	return first
}

// earlier returns the earlier of two times, where zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// due reports whether a deadline, where zero is never, has come.
func due(now, deadline time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// after returns now+d, or never if there is no such duration.
func after(now time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}
