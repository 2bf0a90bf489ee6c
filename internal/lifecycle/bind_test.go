package lifecycle

import (
	"testing"
	"time"

	"github.com/daemonry/daemonry"
)

func binding() *stage {
	return newStage(func(p *Policy) { p.Bind = 20 * time.Second }).starting()
}

// What a daemon said of its failed Bind is the failure, not the exit status that
// came of it.
func TestABindErrorIsTheCause(t *testing.T) {
	s := binding()
	s.m.Exited(s.next(), 1, Exit{Known: true, Code: 1, Output: "oh", BindError: "bind io error: disk full", BindKind: "io"})
	f := s.m.View().Failure
	if f == nil || f.Kind != "io" || f.Message != "bind io error: disk full" || f.Output != "oh" || f.Code != daemonry.CodeStartFailed {
		t.Errorf("failure %+v", f)
	}
}

// Of a daemon that was ready the exit is the cause, whatever it once said.
func TestABindErrorOfAReadyDaemonIsNoCause(t *testing.T) {
	s := binding()
	s.m.Ready(s.next(), 1)
	s.m.Exited(s.next(), 1, Exit{Known: true, Code: 1, BindError: "bind io error: disk full", BindKind: "io"})
	if f := s.m.View().Failure; f == nil || f.Kind != "" || f.Message != "exited with status 1" {
		t.Errorf("failure %+v", f)
	}
}

func TestBindFailedIsToldAndCounted(t *testing.T) {
	s := binding()
	actions := s.m.BindFailed(s.next(), 1, Failure{Kind: "other", Message: "it listens elsewhere"})
	var told *Failure
	for _, a := range actions {
		if a.Do == Emit && a.Event.Type == EventBindFailed {
			told = a.Event.Failure
		}
	}
	if told == nil || told.Message != "it listens elsewhere" || told.Generation != 1 || told.Code != daemonry.CodeStartFailed {
		t.Errorf("told %+v", told)
	}
	s.m.Exited(s.next(), 1, Exit{Known: true, Signal: "SIGTERM", Output: "listening on 80"})
	v := s.m.View()
	if v.State != daemonry.StateBackoff || v.Failure == nil || v.Failure.Message != "it listens elsewhere" || v.Failure.Output != "listening on 80" {
		t.Errorf("state %s, failure %+v", v.State, v.Failure)
	}
	if again := s.m.BindFailed(s.next(), 1, Failure{}); len(again) > 0 {
		t.Errorf("a dead generation is heard: %v", again)
	}
}
