package lifecycle

import (
	"time"

	"github.com/daemonry/daemonry"
)

// stage brings a machine to a scene. Every event comes a second after the one
// before.
type stage struct {
	m   *Machine
	now time.Time
}

// newStage returns a machine that has begun, with the default policy, a start
// time of 60 s and "78" to give up on.
func newStage(change func(*Policy)) *stage {
	p := PolicyOf(daemonry.Service{
		Limits:  daemonry.Limits{Start: daemonry.Duration(time.Minute)},
		Restart: daemonry.Restart{GiveUpOn: []string{"78"}},
	})
	if change != nil {
		change(&p)
	}
	s := &stage{m: New(p, nil, 0), now: time.Unix(0, 0)}
	s.m.Begin(s.now)
	return s
}

func (s *stage) tick(d time.Duration) time.Time {
	s.now = s.now.Add(d)
	return s.now
}

func (s *stage) next() time.Time { return s.tick(time.Second) }

func (s *stage) gate() *stage {
	s.m.Pending(s.next())
	return s
}

func (s *stage) starting() *stage {
	s.gate().m.Spawned(s.next(), s.m.highest)
	return s
}

func (s *stage) ready() *stage {
	s.starting().m.Ready(s.next(), s.m.highest)
	return s
}

func (s *stage) exited(generation uint64, code int) *stage {
	s.m.Exited(s.next(), generation, Exit{Known: true, Code: code})
	return s
}

func (s *stage) do(event func(*Machine, time.Time) []Action) *stage {
	event(s.m, s.next())
	return s
}

func (s *stage) done() (*Machine, time.Time) { return s.m, s.next() }

func stateScenes() []scene {
	slow := func(p *Policy) { p.BackoffMin = 10 * time.Second }
	return []scene{
		{name: "idle", setUp: func() (*Machine, time.Time) { return newStage(nil).done() }},
		{name: "starting", setUp: func() (*Machine, time.Time) { return newStage(nil).starting().done() }},
		{name: "ready", setUp: func() (*Machine, time.Time) { return newStage(nil).ready().done() }},
		{name: "draining", setUp: func() (*Machine, time.Time) { return newStage(nil).ready().do((*Machine).Stop).done() }},
		{name: "backoff", setUp: func() (*Machine, time.Time) { return newStage(slow).ready().exited(1, 1).done() }},
		{name: "failed", setUp: func() (*Machine, time.Time) { return newStage(nil).ready().exited(1, 78).done() }},
		{name: "disabled", setUp: func() (*Machine, time.Time) { return newStage(nil).do((*Machine).Disable).done() }},
	}
}

// probation fails a service and waits for the end of the cool-down.
func probation(s *stage) *stage {
	s.ready().exited(1, 78)
	s.m.Tick(s.tick(DefaultCooldown))
	return s
}

func specialScenes() []scene {
	seamless := func(p *Policy) { p.Seamless = true }
	slow := func(p *Policy) { p.BackoffMin = 10 * time.Second }
	binds := func(p *Policy) { p.Bind = 20 * time.Second }
	endless := func(p *Policy) { p.Start = 0 }
	warming := func() (*Machine, time.Time) { return newStage(seamless).ready().do((*Machine).Upgrade).done() }
	return []scene{
		{name: "idle, on probation", setUp: func() (*Machine, time.Time) { return probation(newStage(nil)).done() }},
		{name: "ready, on probation", about: 2, setUp: func() (*Machine, time.Time) { return probation(newStage(nil)).ready().done() }},
		{name: "starting, at the gate", setUp: func() (*Machine, time.Time) { return newStage(nil).gate().done() }},
		{name: "starting, mode bind", setUp: func() (*Machine, time.Time) { return newStage(binds).starting().done() }},
		{name: "starting, no start time", setUp: func() (*Machine, time.Time) { return newStage(endless).starting().done() }},
		{name: "ready, seamless, 2 warming: of 1", setUp: warming},
		{name: "ready, seamless, 2 warming: of 2", about: 2, setUp: warming},
		{name: "draining, to restart", setUp: func() (*Machine, time.Time) { return newStage(nil).ready().do((*Machine).Restart).done() }},
		{name: "draining, by itself", setUp: func() (*Machine, time.Time) {
			s := newStage(nil).ready()
			s.m.Stopping(s.next(), 1)
			return s.done()
		}},
		{name: "draining, after a stall", setUp: func() (*Machine, time.Time) {
			s := newStage(nil).ready()
			s.m.Stall(s.next(), 1, Failure{Message: "stalled"})
			return s.done()
		}},
		{name: "backoff, a client waits", setUp: func() (*Machine, time.Time) {
			s := newStage(slow).ready().exited(1, 1)
			s.m.Demand(s.next(), false)
			return s.done()
		}},
		{name: "disabled, 1 leaving", setUp: func() (*Machine, time.Time) { return newStage(nil).ready().do((*Machine).Disable).done() }},
	}
}
