package lifecycle

import (
	"slices"
	"time"

	"github.com/daemonry/daemonry"
)

const (
	idle     = daemonry.StateIdle
	starting = daemonry.StateStarting
	ready    = daemonry.StateReady
	draining = daemonry.StateDraining
	backoff  = daemonry.StateBackoff
	failed   = daemonry.StateFailed
	disabled = daemonry.StateDisabled
)

// Machine is the life of one (service, version, instance).
//
// The states and what holds in each; transition, the only function that writes
// the state, keeps the three columns on the right:
//
//	state     serving  warming  endpoint   watched  deadline
//	idle      none     none     published  yes      none
//	starting  one      or one   published  no       bind, start or slow start
//	ready     one      or one   published  no       none
//	draining  none     none     published  no       kill
//	backoff   none     none     published  no       end of the pause
//	failed    none     none     withdrawn  no       end of the cool-down
//	disabled  none     none     withdrawn  no       none
//
// In every state processes may be draining, each with a deadline of its own
// until it was killed. Those set aside by an upgrade hold nothing up; while any
// other is left, nothing is started (never two at once unless Seamless).
//
// The principal ways; the whole table is in docs/LIFECYCLE.md:
//
//	idle      Pending, Demand, Restart → starting   Adopt → starting or ready
//	starting  Ready → ready   Exited, SpawnFailed → backoff or failed
//	ready     Exited: clean → idle, else → backoff or failed
//	starting, ready   Stop, Restart, IdleStop, Stall, time-out, Stopping → draining
//	draining  Exited → idle, starting (Restart, Demand), backoff or failed (Stall, time-out)
//	backoff   Tick → idle, or starting if somebody waits
//	failed    Tick → idle, on probation
//	any       Disable → disabled   Enable → idle, or draining while a process is left
type Machine struct {
	policy Policy
	jitter func() float64

	state     daemonry.State
	since     time.Time
	until     time.Time // end of backoff and of the cool-down
	begun     bool      // Begin was called: the listener may be watched
	armed     bool      // the listener is watched
	published bool      // the endpoint is reachable
	removed   bool      // disabled for ever

	highest  uint64
	starts   int
	serving  *proc   // starting and ready only
	warming  *proc   // the same, during a seamless upgrade
	draining []*proc // oldest first

	next      next // what follows a drain or a backoff
	upgrading bool // the next start is the second half of an upgrade
	history   history

	out []Action // of the event being handled
}

// next is what is to follow when the present process is gone. The order is one
// of urgency.
type next uint8

const (
	nextRest   next = iota // wait for a client
	nextDemand             // a client waits: start unless that must wait too
	nextStart              // an operator asked: start, whatever happened
)

// New returns a machine in state idle whose endpoint is published. jitter
// returns numbers in [0,1) for the backoff; nil: no jitter. lastGeneration is
// the highest that was ever used; the first start gets the next one.
func New(p Policy, jitter func() float64, lastGeneration uint64) *Machine {
	if jitter == nil {
		jitter = func() float64 { return 0.5 }
	}
	return &Machine{policy: p, jitter: jitter, state: idle, published: true, highest: lastGeneration}
}

// SetPolicy replaces the policy for whatever happens from now on. Deadlines
// that are running keep their time.
func (m *Machine) SetPolicy(p Policy) { m.policy = p }

// step runs one event's handler and returns its actions. The events among them
// carry the states before and after the whole step.
func (m *Machine) step(handle func()) []Action {
	from := m.state
	handle()
	out := m.out
	m.out = nil
	for i := range out {
		if out[i].Do == Emit {
			out[i].Event.From, out[i].Event.To = from, m.state
		}
	}
	return out
}

// transition is the only function that changes the state. What belongs to the
// new one, published or not, watched or not, it sees to.
func (m *Machine) transition(now time.Time, to daemonry.State) {
	if m.armed && to != idle {
		m.do(Disarm, 0)
		m.armed = false
	}
	switch open := to != failed && to != disabled; {
	case open && !m.published:
		m.do(Publish, 0)
		m.published = true
	case !open && m.published:
		m.out = append(m.out, Action{Do: Withdraw, Failure: m.history.cause()})
		m.published = false
	}
	m.state, m.since = to, now
	if to == idle {
		m.arm()
	}
}

func (m *Machine) arm() {
	if m.begun {
		m.do(Arm, 0)
		m.armed = true
	}
}

func (m *Machine) do(v Verb, generation uint64) {
	m.out = append(m.out, Action{Do: v, Generation: generation})
}

func (m *Machine) emit(typ string, generation uint64, cause string, f *Failure) {
	m.out = append(m.out, Action{Do: Emit, Event: Event{Type: typ, Generation: generation, Cause: cause, Failure: f}})
}

// live reports whether there is a generation that serves or is to serve.
func (m *Machine) live() bool { return m.state == starting || m.state == ready }

// blocked reports whether a process on its way out forbids a start.
func (m *Machine) blocked() bool {
	return slices.ContainsFunc(m.draining, func(p *proc) bool { return !p.aside })
}

// find returns the process of a generation, or nil.
func (m *Machine) find(generation uint64) *proc {
	for p := range m.procs() {
		if p.generation == generation {
			return p
		}
	}
	return nil
}

// procs yields the processes: serving, warming, draining.
func (m *Machine) procs() func(yield func(*proc) bool) {
	return func(yield func(*proc) bool) {
		if m.serving != nil && !yield(m.serving) || m.warming != nil && !yield(m.warming) {
			return
		}
		for _, p := range m.draining {
			if !yield(p) {
				return
			}
		}
	}
}
