package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A scene is a machine brought to a state by events, and the time it is there.
// The events are sent to its generation 1, or 2 where it says so.
type scene struct {
	name  string
	setUp func() (*Machine, time.Time)
	about uint64 // zero: 1
}

// A stimulus is one event, sent to the generation that the scene is about.
type stimulus struct {
	name string
	send func(m *Machine, now time.Time, generation uint64) []Action
}

// Table returns the state × event tables of docs/LIFECYCLE.md as markdown: what
// the machine does, found by having it done.
func Table() string {
	var b strings.Builder
	b.WriteString("### The seven states\n\n")
	writeTable(&b, stateScenes())
	b.WriteString("\n### The same states in special circumstances\n\n")
	writeTable(&b, specialScenes())
	return b.String()
}

func writeTable(b *strings.Builder, scenes []scene) {
	b.WriteString("| event |")
	for _, s := range scenes {
		b.WriteString(" " + s.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(scenes)) + "\n")
	for _, e := range stimuli() {
		b.WriteString("| " + e.name + " |")
		for _, s := range scenes {
			b.WriteString(" " + outcome(s, e) + " |")
		}
		b.WriteString("\n")
	}
}

// outcome plays one pair and returns the cell: "**new state** actions *events*",
// or what else changed, or a dash if nothing did.
func outcome(s scene, e stimulus) string {
	m, now := s.setUp()
	before, wish, deadline := m.View(), m.next, m.Deadline()
	actions := e.send(m, now, max(1, s.about))
	words := describe(actions)
	after := m.View()
	if after.State != before.State {
		words = slices.Insert(words, 0, "**"+string(after.State)+"**")
	}
	switch {
	case len(words) > 0:
		return strings.Join(words, " ")
	case m.next > wish:
		return "remembered"
	case m.next < wish, before.Failure != nil && after.Failure == nil:
		return "forgotten"
	case m.Deadline() != deadline:
		return "later"
	}
	return "–"
}

// describe returns the verbs, then the types of the events in italics.
func describe(actions []Action) []string {
	var verbs, events []string
	for _, a := range actions {
		switch {
		case a.Do == Emit:
			events = append(events, "*"+a.Event.Type+"*")
		case a.Generation != 0:
			verbs = append(verbs, fmt.Sprintf("%v(%d)", a.Do, a.Generation))
		default:
			verbs = append(verbs, a.Do.String())
		}
	}
	return append(verbs, events...)
}

func stimuli() []stimulus {
	return slices.Concat(clientStimuli(), daemonStimuli(), operatorStimuli())
}

func clientStimuli() []stimulus {
	return []stimulus{
		{"Begin", func(m *Machine, now time.Time, _ uint64) []Action { return m.Begin(now) }},
		{"Adopt", func(m *Machine, now time.Time, _ uint64) []Action { return m.Adopt(now, 9, true) }},
		{"Pending", func(m *Machine, now time.Time, _ uint64) []Action { return m.Pending(now) }},
		{"Demand, client", func(m *Machine, now time.Time, _ uint64) []Action { return m.Demand(now, false) }},
		{"Demand, operator", func(m *Machine, now time.Time, _ uint64) []Action { return m.Demand(now, true) }},
		{"Lost", func(m *Machine, now time.Time, _ uint64) []Action { return m.Lost(now) }},
		{"Tick", func(m *Machine, now time.Time, _ uint64) []Action {
			if d := m.Deadline(); d.After(now) {
				now = d
			}
			return m.Tick(now)
		}},
	}
}

func daemonStimuli() []stimulus {
	exit := func(code int) func(*Machine, time.Time, uint64) []Action {
		return func(m *Machine, now time.Time, g uint64) []Action {
			return m.Exited(now, g, Exit{Known: true, Code: code})
		}
	}
	return []stimulus{
		{"Spawned", func(m *Machine, now time.Time, g uint64) []Action { return m.Spawned(now, g) }},
		{"SpawnFailed", func(m *Machine, now time.Time, g uint64) []Action {
			return m.SpawnFailed(now, g, Failure{Message: "no such file"})
		}},
		{"Bound", func(m *Machine, now time.Time, g uint64) []Action { return m.Bound(now, g) }},
		{"BindFailed", func(m *Machine, now time.Time, g uint64) []Action {
			return m.BindFailed(now, g, Failure{Message: "listens elsewhere"})
		}},
		{"Ready", func(m *Machine, now time.Time, g uint64) []Action { return m.Ready(now, g) }},
		{"Extend", func(m *Machine, now time.Time, g uint64) []Action { return m.Extend(now, g, time.Hour) }},
		{"Progress", func(m *Machine, now time.Time, g uint64) []Action { return m.Progress(now, g) }},
		{"Stopping", func(m *Machine, now time.Time, g uint64) []Action { return m.Stopping(now, g) }},
		{"Exited, 0", exit(0)},
		{"Exited, 1", exit(1)},
		{"Exited, 78 (give up)", exit(78)},
		{"Stall", func(m *Machine, now time.Time, g uint64) []Action {
			return m.Stall(now, g, Failure{Message: "stalled"})
		}},
		{"IdleStop", func(m *Machine, now time.Time, g uint64) []Action { return m.IdleStop(now, g) }},
	}
}

func operatorStimuli() []stimulus {
	return []stimulus{
		{"Stop", func(m *Machine, now time.Time, _ uint64) []Action { return m.Stop(now) }},
		{"Restart", func(m *Machine, now time.Time, _ uint64) []Action { return m.Restart(now) }},
		{"Disable", func(m *Machine, now time.Time, _ uint64) []Action { return m.Disable(now) }},
		{"Enable", func(m *Machine, now time.Time, _ uint64) []Action { return m.Enable(now) }},
		{"Remove", func(m *Machine, now time.Time, _ uint64) []Action { return m.Remove(now) }},
		{"Upgrade", func(m *Machine, now time.Time, _ uint64) []Action { return m.Upgrade(now) }},
	}
}
