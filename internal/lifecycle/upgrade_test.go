package lifecycle

import (
	"slices"
	"testing"
)

// S25: 2 is ready before 1 leaves, and 1 may drain while 2 serves.
func TestSeamlessUpgrade(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade)
	s.m.Spawned(s.next(), 2)
	if v := s.m.View(); !v.Ready || v.Generation != 1 || len(v.Processes) != 2 || v.Processes[1].Role != RoleWarming {
		t.Fatalf("%+v", v)
	}
	s.m.Ready(s.next(), 2)
	if v := s.m.View(); !v.Ready || v.Generation != 2 || v.Processes[1].Role != RoleDraining {
		t.Fatalf("%+v", v)
	}
	s.exited(1, 0)
	if v := s.m.View(); !v.Ready || len(v.Processes) != 1 {
		t.Fatalf("%+v", v)
	}
}

// S26: 2 fails; 1 goes on and 2 is not tried again.
func TestFailedUpgrade(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade)
	actions := s.m.Exited(s.next(), 2, Exit{Known: true, Code: 1, Output: "bad build"})
	v := s.m.View()
	if !v.Ready || v.Generation != 1 || v.Failure != nil || !s.m.Deadline().IsZero() {
		t.Errorf("%+v", v)
	}
	last := actions[len(actions)-1].Event
	if last.Type != EventUpgradeFailed || last.Generation != 2 || last.Failure.Output != "bad build" {
		t.Errorf("%+v", last)
	}
}

// The old one crashes while the new one warms up: the new one takes its place,
// and a third is not started.
func TestUpgradeSurvivesTheOld(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade).exited(1, 1)
	if v := s.m.View(); v.State != starting || v.Generation != 2 || v.Starts != 2 {
		t.Fatalf("%+v", v)
	}
	if got := types(s.m.Ready(s.next(), 2)); !slices.Contains(got, EventUpgraded) || !slices.Contains(got, EventRecovered) {
		t.Errorf("%v", got)
	}
}

// Without two at once an upgrade is a restart, which proves itself too.
func TestUpgradeByRestart(t *testing.T) {
	s := newStage(nil).ready()
	s.do((*Machine).Upgrade).exited(1, 0)
	if v := s.m.View(); v.State != starting || v.Generation != 2 {
		t.Fatalf("%+v", v)
	}
	if got := types(s.m.Exited(s.next(), 2, Exit{Known: true, Code: 1})); !slices.Equal(got, []string{EventExited, EventUpgradeFailed, EventBackoff}) {
		t.Errorf("%v", got)
	}
}

// While the old one drains the new one may crash: its pause begins at once.
func TestNothingWaitsForTheOld(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade)
	s.m.Ready(s.next(), 2)
	s.exited(2, 1)
	if v := s.m.View(); v.State != backoff || len(v.Processes) != 1 {
		t.Errorf("%+v", v)
	}
	s.again(t)
}

// The old one leaves by itself, badly, while the new one warms up: nobody minds.
func TestTheOldLeavesBadly(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade)
	s.m.Stopping(s.next(), 1)
	s.exited(1, 1)
	if v := s.m.View(); v.State != starting || v.Generation != 2 || v.Failure != nil {
		t.Errorf("%+v", v)
	}
}

// The crash of the old one is paid for by the start under way, and not again
// when that is stopped.
func TestNothingIsPaidTwice(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade).exited(1, 1).do((*Machine).Stop).exited(2, 0)
	if v := s.m.View(); v.State != idle {
		t.Errorf("%+v", v)
	}
}

// A new build that proved itself does not pay for the failures of the old one.
func TestUpgradeForgets(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).starting()
	s.crash("")
	s.again(t).m.Ready(s.next(), 2)
	s.do((*Machine).Upgrade)
	s.m.Ready(s.next(), 3)
	s.crash("")
	if v := s.m.View(); v.NextAttempt.Sub(s.now) != DefaultBackoffMin {
		t.Errorf("pause %v", v.NextAttempt.Sub(s.now))
	}
}

// The old one hangs while the new one warms up: the new one takes its place and
// does not wait for the old one's end.
func TestTheOldHangs(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade)
	s.m.Stall(s.next(), 1, Failure{Message: "stalled"})
	s.m.Ready(s.next(), 2)
	s.exited(2, 0)
	if v := s.m.View(); v.State != idle || len(v.Processes) != 1 {
		t.Errorf("%+v", v)
	}
}

// A stop of both waits for both, and is one drain.
func TestStopOfTwo(t *testing.T) {
	s := newStage(func(p *Policy) { p.Seamless = true }).ready()
	s.do((*Machine).Upgrade).do((*Machine).Stop)
	since := s.m.View().Since
	s.exited(1, 0)
	if v := s.m.View(); v.State != draining || !v.Since.Equal(since) {
		t.Errorf("%+v", v)
	}
	s.exited(2, 0)
	if v := s.m.View(); v.State != idle {
		t.Errorf("%+v", v)
	}
}
