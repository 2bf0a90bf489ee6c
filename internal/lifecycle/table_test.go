package lifecycle

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// readOutcomes returns outcomes by scene and event.
func readOutcomes() map[string]map[string]string {
	table := map[string]map[string]string{}
	var row map[string]string
	for line := range strings.Lines(outcomes) {
		line = strings.TrimSuffix(line, "\n")
		cell, ok := strings.CutPrefix(line, "\t")
		switch {
		case ok:
			event, words, _ := strings.Cut(cell, "  ")
			row[event] = strings.TrimSpace(words)
		case line != "":
			row = map[string]string{}
			table[line] = row
		}
	}
	return table
}

// Every scene × event pair has the outcome that outcomes says, and no other.
func TestEveryStateAndEvent(t *testing.T) {
	scenes := slices.Concat(stateScenes(), specialScenes())
	want := readOutcomes()
	if len(want) != len(scenes) {
		t.Errorf("%d scenes, %d of them with expectations", len(scenes), len(want))
	}
	for _, s := range scenes {
		row, ok := want[s.name]
		if !ok {
			t.Errorf("nothing is said of %q", s.name)
		}
		for _, e := range stimuli() {
			w, listed := row[e.name]
			if !listed {
				w = "–"
			}
			delete(row, e.name)
			if got := outcome(s, e); got != w {
				t.Errorf("%s: %s:\n got %s\nwant %s", s.name, e.name, got, w)
			}
		}
		for name := range row {
			t.Errorf("%s: there is no event %q", s.name, name)
		}
	}
}

// The scenes cover every state, and hold what their names say.
func TestScenesCoverEveryState(t *testing.T) {
	for _, s := range stateScenes() {
		if m, _ := s.setUp(); string(m.View().State) != s.name {
			t.Errorf("scene %q is in state %s", s.name, m.View().State)
		}
	}
	if n := len(stateScenes()); n != 7 {
		t.Errorf("%d scenes for 7 states", n)
	}
}

// What is "–" in the table is nothing whatever: the view stays as it was.
func TestNothingIsNothing(t *testing.T) {
	for _, s := range slices.Concat(stateScenes(), specialScenes()) {
		for _, e := range stimuli() {
			if outcome(s, e) != "–" {
				continue
			}
			m, now := s.setUp()
			before := m.View()
			e.send(m, now, max(1, s.about))
			if after := m.View(); !reflect.DeepEqual(before, after) {
				t.Errorf("%s: %s: view changed:\n was %+v\n now %+v", s.name, e.name, before, after)
			}
		}
	}
}

// An event with a generation that is over, or never was, changes nothing.
func TestDeadGenerationsAreNotHeard(t *testing.T) {
	for _, s := range slices.Concat(stateScenes(), specialScenes()) {
		for _, e := range daemonStimuli() {
			for _, g := range []uint64{0, 7, 1 << 60} {
				m, now := s.setUp()
				before, deadline := m.View(), m.Deadline()
				actions := e.send(m, now, g)
				if len(actions) != 0 || !reflect.DeepEqual(before, m.View()) || m.Deadline() != deadline {
					t.Errorf("%s: %s of generation %d: %v", s.name, e.name, g, describe(actions))
				}
			}
		}
	}
}

// A Tick that comes before its time changes nothing.
func TestEarlyTick(t *testing.T) {
	for _, s := range slices.Concat(stateScenes(), specialScenes()) {
		m, now := s.setUp()
		if d := m.Deadline(); !d.IsZero() {
			now = d.Add(-time.Nanosecond)
		}
		if actions := m.Tick(now); len(actions) != 0 {
			t.Errorf("%s: %v", s.name, describe(actions))
		}
	}
}
