package lifecycle

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daemonry/daemonry"
)

// Whatever happens in whatever order, the promises hold after every event, and
// a service that nobody removed comes back without an operator.
func TestPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.events())
		w.comesBack(t)
	})
}

func (w *world) events() map[string]func(*rapid.T) {
	m := w.m
	events := map[string]func(*rapid.T){
		"Begin":   func(t *rapid.T) { w.begun = true; w.send(t, "Begin", func() []Action { return m.Begin(w.now) }) },
		"Pending": func(t *rapid.T) { w.pending(t) },
		"Demand":  func(t *rapid.T) { w.send(t, "Demand", func() []Action { return m.Demand(w.now, false) }) },
		"Lost":    func(t *rapid.T) { w.send(t, "Lost", func() []Action { return m.Lost(w.now) }) },
		"Tick": func(t *rapid.T) {
			w.now = w.now.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Second)).Draw(t, "pause")))
			w.tick(t)
		},
		"Deadline": func(t *rapid.T) { w.toDeadline(); w.tick(t) },
		"Adopt": func(t *rapid.T) {
			w.adopt(t, w.generation(t), rapid.Bool().Draw(t, "ready"))
		},
		"SetPolicy": func(t *rapid.T) {
			p := drawPolicy(t)
			p.Seamless, p.Start = m.policy.Seamless, m.policy.Start
			m.SetPolicy(p)
		},
		"start by operator": func(t *rapid.T) {
			w.send(t, operatorsWish, func() []Action { return m.Demand(w.now, true) })
		},
	}
	for _, e := range daemonStimuli() {
		events[e.name] = func(t *rapid.T) { w.daemon(t, e, w.generation(t)) }
	}
	for _, e := range operatorStimuli() {
		if e.name != "Remove" { // has a test of its own; here it would end every sequence
			events[e.name] = func(t *rapid.T) { w.operator(t, e) }
		}
	}
	return events
}

// generation draws one: alive, over, or never there.
func (w *world) generation(t *rapid.T) uint64 {
	return rapid.Uint64Range(0, w.highest+1).Draw(t, "generation")
}

func drawPolicy(t *rapid.T) Policy {
	duration := func(name string, limit time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(0, int64(limit)).Draw(t, name))
	}
	return Policy{
		Start: duration("start", 5*time.Second), Bind: duration("bind", time.Second),
		SlowStart: duration("slow", 10*time.Second), Stop: duration("stop", 10*time.Second),
		Burst: rapid.IntRange(0, 4).Draw(t, "burst"), Window: duration("window", time.Minute),
		BackoffMin: duration("min", time.Second), BackoffMax: duration("max", 10*time.Second),
		Cooldown: duration("cooldown", 30*time.Second), GiveUp: []string{"78", "SIGILL"},
		Seamless: rapid.Bool().Draw(t, "seamless"),
	}
}

// Two sequences that differ only in events about the dead are the same.
func TestTheDeadChangeNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.events())
		for _, e := range daemonStimuli() {
			g := w.generation(t)
			if w.alive[g] {
				continue
			}
			before, deadline := w.m.View(), w.m.Deadline()
			if out := e.send(w.m, w.now, g); len(out) != 0 {
				t.Fatalf("%s of generation %d, which is over: %v", e.name, g, describe(out))
			}
			sameView(t, before, w.m.View())
			if w.m.Deadline() != deadline {
				t.Fatalf("%s of generation %d, which is over, moved the deadline", e.name, g)
			}
		}
	})
}

// P11: after Disable or Remove nothing is started, watched or published by
// anybody but Enable, and after Remove not even by that.
func TestStoppedMeansStopped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(w.events())
		end, code := (*Machine).Disable, daemonry.CodeDisabled
		if rapid.Bool().Draw(t, "remove") {
			end, code = (*Machine).Remove, daemonry.CodeUnknownService
		}
		w.send(t, operatorsWish, func() []Action { return end(w.m, w.now) })
		events := w.events()
		if code == daemonry.CodeDisabled {
			delete(events, "Enable")
		}
		events[""] = func(t *rapid.T) {
			if v := w.m.View(); v.State != disabled || v.Failure.Code != code {
				t.Fatalf("state %s, failure %+v", v.State, v.Failure)
			}
			for _, a := range w.latest {
				if a.Do == Spawn || a.Do == Arm || a.Do == Publish {
					t.Fatalf("%v although stopped", a.Do)
				}
			}
		}
		t.Repeat(events)
	})
}

// P8, P7: with the world's help but without an operator's, whatever state the
// service was left in, a client that waits gets its daemon.
func (w *world) comesBack(t *rapid.T) {
	if !w.begun {
		w.begun = true
		w.send(t, "Begin", func() []Action { return w.m.Begin(w.now) })
	}
	if w.m.View().State == disabled {
		w.send(t, operatorsWish, func() []Action { return w.m.Enable(w.now) })
	}
	for range 100 {
		v := w.m.View()
		switch {
		case v.Ready:
			return
		case w.armed:
			w.pending(t)
		case v.Generation != 0:
			w.daemon(t, named("Ready"), v.Generation)
		case v.State == draining:
			w.daemon(t, named("Exited, 0"), v.Processes[0].Generation)
		default:
			w.toDeadline()
			w.tick(t)
		}
	}
	t.Fatalf("it never came back: %+v", w.m.View())
}

func named(name string) stimulus {
	for _, e := range stimuli() {
		if strings.EqualFold(e.name, name) {
			return e
		}
	}
	panic("no event " + name)
}
