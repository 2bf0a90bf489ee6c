package lifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
)

// types returns the events among actions.
func types(actions []Action) []string {
	var list []string
	for _, a := range actions {
		if a.Do == Emit {
			list = append(list, a.Event.Type)
		}
	}
	return list
}

// crash ends a generation with status 1 and something to say.
func (s *stage) crash(output string) []Action {
	return s.m.Exited(s.tick(10*time.Millisecond), s.m.highest, Exit{Known: true, Code: 1, Output: output, At: s.now})
}

// again waits for the end of a pause and starts the next generation.
func (s *stage) again(t *testing.T) *stage {
	t.Helper()
	if d := s.m.Deadline(); d.After(s.now) {
		s.now = d
	}
	s.m.Tick(s.now)
	s.m.Pending(s.now)
	s.m.Spawned(s.now, s.m.highest)
	if v := s.m.View(); v.State != starting {
		t.Fatalf("not starting: %+v", v)
	}
	return s
}

// S5: the first cause is told, not the last; after the cool-down one attempt is
// made, and the service gets well by itself.
func TestCrashLoop(t *testing.T) {
	s := newStage(nil).starting()
	s.crash("address book missing")
	for i := range DefaultBurst {
		if v := s.m.View(); v.State != backoff || v.Failure.Message != "exited with status 1 before it was ready" {
			t.Fatalf("after failure %d: %+v", i+1, v)
		}
		s.again(t).crash("some later trouble")
	}
	v := s.m.View()
	if v.State != failed || v.Failure.Code != daemonry.CodeFailed || v.Failure.Output != "address book missing" || v.Failure.Generation != 1 {
		t.Fatalf("not failed with the original cause: %+v, %+v", v, v.Failure)
	}
	if !strings.Contains(v.Failure.Message, "6 failures in 1m0s") || !v.NextAttempt.Equal(s.now.Add(DefaultCooldown)) {
		t.Fatalf("%q, next attempt %v", v.Failure.Message, v.NextAttempt)
	}

	if actions := s.again(t).crash("yet another"); !slices.Contains(types(actions), EventFailed) {
		t.Fatalf("the attempt failed and so did not the service: %v", describe(actions))
	}
	if v := s.m.View(); v.Failure.Output != "address book missing" {
		t.Fatalf("the original cause is lost: %+v", v.Failure)
	}

	actions := s.again(t).m.Ready(s.next(), s.m.highest)
	if !slices.Contains(types(actions), EventRecovered) || s.m.View().Failure != nil {
		t.Fatalf("not recovered: %v", describe(actions))
	}
	s.exited(s.m.highest, 0).gate()
	if got := types(s.m.Ready(s.next(), s.m.highest)); slices.Contains(got, EventRecovered) {
		t.Fatalf("recovered twice: %v", got)
	}
}

// P8: however eager the clients, starts are few: the burst, then one for each
// cool-down.
func TestCrashLoopIsSlow(t *testing.T) {
	s := newStage(nil).starting()
	begin := s.now
	s.crash("")
	for s.now.Sub(begin) < time.Hour {
		s.again(t).crash("")
	}
	limit := DefaultBurst + 1 + int(time.Hour/DefaultCooldown) + 1
	if n := s.m.View().Starts; n > limit {
		t.Errorf("%d starts in an hour, want at most %d", n, limit)
	}
}

// A ready daemon that crashes again and again is given up too, but not one that
// was ready for long in between.
func TestStabilityEndsASeries(t *testing.T) {
	s := newStage(nil)
	for range 20 {
		s.ready()
		s.tick(DefaultWindow)
		s.crash("")
		if v := s.m.View(); v.State != backoff || v.NextAttempt.Sub(s.now) != DefaultBackoffMin {
			t.Fatalf("%+v, pause %v", v, v.NextAttempt.Sub(s.now))
		}
		s.again(t)
	}
}

// What counts is the time since the last failure: two halves with a crash
// between them are no whole.
func TestAFailureBeginsTheCountAnew(t *testing.T) {
	s := newStage(nil)
	for _, pause := range []time.Duration{100, 200, 400} {
		s.ready()
		s.tick(DefaultWindow * 2 / 3)
		s.crash("")
		if v := s.m.View(); v.NextAttempt.Sub(s.now) != pause*time.Millisecond {
			t.Fatalf("pause %v, want %dms", v.NextAttempt.Sub(s.now), pause)
		}
		s.now = s.m.Deadline()
		s.m.Tick(s.now)
	}
}

// A daemon that is stopped for idleness every second never is ready for long at
// a time; the times add up.
func TestStabilityIsSummed(t *testing.T) {
	s := probation(newStage(nil))
	for range 61 {
		s.ready()
		s.m.IdleStop(s.next(), s.m.highest)
		s.exited(s.m.highest, 0)
	}
	s.ready().crash("")
	if v := s.m.View(); v.State != backoff {
		t.Errorf("still on probation: %+v", v)
	}
}

func TestBackoffDoubles(t *testing.T) {
	p := PolicyOf(daemonry.Service{})
	for _, c := range []struct {
		n      int
		jitter float64
		want   time.Duration
	}{
		{1, 0.5, 100 * time.Millisecond},
		{1, 0, 80 * time.Millisecond},
		{2, 0.5, 200 * time.Millisecond},
		{9, 0.5, 25600 * time.Millisecond},
		{10, 0.5, 30 * time.Second},
		{1 << 40, 0.5, 30 * time.Second},
		{10, 0, 24 * time.Second},
	} {
		if got := p.backoff(c.n, c.jitter); got != c.want {
			t.Errorf("backoff(%d, %v) = %v, want %v", c.n, c.jitter, got, c.want)
		}
	}
	if got := p.backoff(10, 0.999); got <= 35*time.Second || got > 36*time.Second {
		t.Errorf("the jitter above is %v", got)
	}
}

func TestBackoffWithoutPause(t *testing.T) {
	s := newStage(func(p *Policy) { p.BackoffMin = 0 }).starting()
	s.crash("")
	if actions := s.m.Tick(s.now); s.m.View().State != idle {
		t.Errorf("%v", describe(actions))
	}
}

// A daemon that exits with status 0 as soon as it is ready, and never takes the
// client that woke it, spins; it ends in failed like any crash loop.
func TestCleanExitsDoNotSpin(t *testing.T) {
	s := newStage(nil)
	for s.m.View().Starts < 100 && s.m.View().State != failed {
		s.m.Pending(s.now)
		s.m.Spawned(s.now, s.m.highest)
		s.m.Ready(s.now, s.m.highest)
		s.m.Exited(s.tick(time.Millisecond), s.m.highest, Exit{Known: true})
		if s.m.View().State == backoff {
			s.now = s.m.Deadline()
			s.m.Tick(s.now)
		}
	}
	v := s.m.View()
	if v.State != failed || v.Starts <= churnLimit || !strings.Contains(v.Failure.Message, "more than 20 times in 2s") {
		t.Errorf("%+v %+v", v, v.Failure)
	}
}

// The same, politely announced.
func TestAnnouncedExitsDoNotSpin(t *testing.T) {
	s := newStage(nil)
	for range churnLimit + 1 {
		s.m.Pending(s.now)
		s.m.Ready(s.now, s.m.highest)
		s.m.Stopping(s.now, s.m.highest)
		s.m.Exited(s.tick(time.Millisecond), s.m.highest, Exit{Known: true})
	}
	if v := s.m.View(); v.State != backoff {
		t.Errorf("%+v", v)
	}
}

// One that is used once a second and leaves every time is a good daemon.
func TestCleanExitsAreFree(t *testing.T) {
	s := newStage(nil)
	for range 100 {
		s.ready().exited(s.m.highest, 0)
		if v := s.m.View(); v.State != idle || v.Failure != nil {
			t.Fatalf("%+v", v)
		}
	}
}

// Nobody knows how an adopted daemon ended: that is not taken for a clean exit.
func TestUnknownExitIsAFailure(t *testing.T) {
	s := newStage(nil)
	s.m.Adopt(s.next(), 4, true)
	s.m.Exited(s.next(), 4, Exit{})
	if v := s.m.View(); v.State != backoff || v.Failure.Message != "ended, status unknown" {
		t.Errorf("%+v", v)
	}
}

// S8, P6: a declared start time is enforced, an extension honoured, and with
// none declared nobody is ever killed for slowness.
func TestStartTime(t *testing.T) {
	s := newStage(nil).starting()
	s.m.Extend(s.now, 1, 10*time.Minute)
	if d := s.m.Deadline().Sub(s.now); d != 10*time.Minute {
		t.Errorf("extended to %v", d)
	}
	s.m.Extend(s.now, 1, time.Second)
	if d := s.m.Deadline().Sub(s.now); d != 10*time.Minute {
		t.Errorf("shortened to %v", d)
	}
	s.now = s.m.Deadline()
	s.m.Tick(s.now)
	if v := s.m.View(); v.State != draining || !strings.HasPrefix(v.Failure.Message, "was not ready within 1") {
		t.Errorf("%+v", v)
	}
	if s.m.Extend(s.now, 1, time.Hour); s.m.Deadline().Sub(s.now) != DefaultStop {
		t.Error("a hung daemon bought time")
	}
}

func TestSlowStartIsToldOnceForEachSilence(t *testing.T) {
	s := newStage(func(p *Policy) { p.Start = 0 }).starting()
	for range 3 {
		actions := s.m.Tick(s.tick(DefaultSlowStart))
		if !slices.Equal(types(actions), []string{EventSlowStart}) || s.m.View().State != starting {
			t.Fatalf("%v", describe(actions))
		}
		if d := s.m.Deadline(); !d.IsZero() {
			t.Fatalf("woken again at %v without a word from the daemon", d)
		}
		s.m.Progress(s.now, 1)
	}
}

// drain → terminate → kill, for a daemon that announced its own end.
func TestStoppingByItself(t *testing.T) {
	s := newStage(nil).ready()
	s.m.Stopping(s.next(), 1)
	for _, want := range []string{"Terminate(1)", "Kill(1)"} {
		s.now = s.m.Deadline()
		if got := strings.Join(describe(s.m.Tick(s.now)), " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if d := s.m.Deadline(); !d.IsZero() {
		t.Errorf("killed, and yet a deadline %v", d)
	}
	if s.m.Demand(s.now, true); s.m.View().State != draining {
		t.Error("started beside one that does not die")
	}
}

// A daemon that was leaving by itself and then was told to is not blamed for
// dying of it.
func TestStopOfOneThatLeaves(t *testing.T) {
	s := newStage(nil).ready()
	s.m.Stopping(s.next(), 1)
	s.do((*Machine).Stop)
	s.m.Exited(s.next(), 1, Exit{Known: true, Signal: "SIGTERM"})
	if v := s.m.View(); v.State != idle || v.Failure != nil {
		t.Errorf("%+v", v)
	}
}

// A client that waits while the last failure of a series ends is told so; the
// cool-down does not end with a start for nobody.
func TestDemandDoesNotOutliveFailed(t *testing.T) {
	s := newStage(func(p *Policy) { p.Burst = 0 }).ready()
	s.m.Stall(s.next(), 1, Failure{Message: "stalled"})
	s.m.Demand(s.next(), false)
	s.exited(1, 0)
	s.now = s.m.Deadline()
	s.m.Tick(s.now)
	if v := s.m.View(); v.State != idle {
		t.Errorf("%+v", v)
	}
}

// A client that waits for readiness is served after the stop, without a queue.
func TestDemandWhileDraining(t *testing.T) {
	s := newStage(nil).ready().do((*Machine).Stop)
	s.m.Demand(s.next(), false)
	s.exited(1, 0)
	if v := s.m.View(); v.State != starting || v.Generation != 2 {
		t.Errorf("%+v", v)
	}
}

// The last words of a daemon that was replaced for a hang are kept.
func TestOutputOfAHang(t *testing.T) {
	s := newStage(nil).ready()
	s.m.Stall(s.next(), 1, Failure{Message: "stalled"})
	s.m.Exited(s.next(), 1, Exit{Known: true, Signal: "SIGKILL", Output: "goroutine 1"})
	if f := s.m.View().Failure; f.Message != "stalled" || f.Output != "goroutine 1" {
		t.Errorf("%+v", f)
	}
}

// An operator's Restart is obeyed although the daemon's own end was one failure
// too many.
func TestRestartOverAFinalFailure(t *testing.T) {
	s := newStage(func(p *Policy) { p.Burst = 0 }).ready()
	s.m.Stopping(s.next(), 1)
	s.do((*Machine).Restart).exited(1, 1)
	if v := s.m.View(); v.State != starting || v.Failure != nil {
		t.Errorf("%+v", v)
	}
}

// The clocks run from the opened gate, and words may overtake each other.
func TestWordsThatOvertake(t *testing.T) {
	s := newStage(func(p *Policy) { p.Bind = 20 * time.Second }).gate()
	s.m.Bound(s.next(), 1)
	s.m.Spawned(s.next(), 1)
	if d := s.m.Deadline().Sub(s.now); d != time.Minute {
		t.Errorf("deadline in %v, want the start time", d)
	}

	s = newStage(nil).gate()
	s.m.Ready(s.next(), 1)
	if p := s.m.View().Processes[0]; !p.SpawnedAt.Equal(s.now) || !p.ReadyAt.Equal(s.now) {
		t.Errorf("%+v", p)
	}
	if got := types(s.m.Spawned(s.next(), 1)); got != nil {
		t.Errorf("spawned again: %v", got)
	}
}

// A surplus daemon found beside one that runs holds nothing up; beside one that
// is leaving it does, for nothing may run beside what is started next.
func TestSurplus(t *testing.T) {
	s := newStage(nil).ready()
	s.m.Adopt(s.next(), 9, true)
	s.exited(1, 0)
	if v := s.m.View(); v.State != idle || v.Highest != 9 {
		t.Errorf("%+v", v)
	}

	s = newStage(nil).ready().do((*Machine).Stop)
	s.m.Adopt(s.next(), 9, true)
	s.exited(1, 0)
	if v := s.m.View(); v.State != draining {
		t.Errorf("%+v", v)
	}
	s.exited(9, 0)
	if v := s.m.View(); v.State != idle {
		t.Errorf("%+v", v)
	}
}
