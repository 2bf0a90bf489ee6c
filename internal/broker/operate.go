package broker

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/journal"
	"github.com/daemonry/daemonry/internal/lifecycle"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// demandOf is the Demand event of a client or an operator.
func demandOf(operator bool) func(*lifecycle.Machine, time.Time) []lifecycle.Action {
	return func(m *lifecycle.Machine, now time.Time) []lifecycle.Action { return m.Demand(now, operator) }
}

// Start implements BrokerHandler.
func (c control) Start(ctx context.Context, r *connect.Request[daemonryv1.StartRequest]) (*connect.Response[daemonryv1.StartResponse], error) {
	u, err := c.find("start", r.Msg.Name)
	if err != nil {
		return nil, err
	}
	if err := u.start(ctx, demandOf(true), r.Msg.WaitReady); err != nil {
		return nil, failure(err)
	}
	return connect.NewResponse(&daemonryv1.StartResponse{Service: c.service(u)}), nil
}

// Restart implements BrokerHandler.
func (c control) Restart(ctx context.Context, r *connect.Request[daemonryv1.RestartRequest]) (*connect.Response[daemonryv1.RestartResponse], error) {
	u, err := c.find("restart", r.Msg.Name)
	if err != nil {
		return nil, err
	}
	if err := u.start(ctx, (*lifecycle.Machine).Restart, r.Msg.WaitReady); err != nil {
		return nil, failure(err)
	}
	return connect.NewResponse(&daemonryv1.RestartResponse{Service: c.service(u)}), nil
}

// start applies an event that leads to a start and waits until a new
// generation was spawned or, with ready, is ready. A start that is under way
// already is the one waited for.
func (u *unit) start(ctx context.Context, event func(*lifecycle.Machine, time.Time) []lifecycle.Action, ready bool) error {
	ctx, stop := u.b.untilEnd(ctx)
	defer stop()
	s := u.beginOperatorStart(event)
	if err := u.await(ctx, s.spawnedLocked); err != nil {
		return s.timeout(err)
	}
	if s.failed != nil {
		return s.failed
	}
	if !ready {
		return nil
	}
	// Only now: a connection made before would be taken by the generation that
	// this one follows.
	defer u.knock(ctx)()
	defer u.waiting()()
	if err := u.await(ctx, s.readyLocked); err != nil {
		return s.timeout(err)
	}
	if s.failed != nil {
		return s.failed
	}
	return nil
}

// operatorStart is a start that an operator waits for.
type operatorStart struct {
	unit    *unit
	highest uint64          // generation there was before
	old     uint64          // the generation to be replaced; 0: none
	failed  *daemonry.Error // nil unless it came to nothing
}

func (u *unit) beginOperatorStart(event func(*lifecycle.Machine, time.Time) []lifecycle.Action) *operatorStart {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.machine.View()
	u.eventLocked(event)
	s := &operatorStart{unit: u, highest: before.Highest}
	if u.machine.View().State == daemonry.StateDraining {
		s.old = before.Generation
	}
	return s
}

// overLocked reports whether there is nothing left to wait for.
func (s *operatorStart) overLocked() bool {
	view := s.unit.machine.View()
	switch {
	case s.unit.failedSinceLocked(s.highest):
		s.failed = s.unit.lastFailed.err
	case closed(view.State):
		s.failed = s.unit.refusalLocked(view)
	}
	return s.failed != nil
}

func (s *operatorStart) spawnedLocked() bool {
	generation := s.unit.machine.View().Generation
	return s.overLocked() || (generation != s.old && s.unit.procs[generation] != nil && s.unit.phases.spawn > 0)
}

func (s *operatorStart) readyLocked() bool {
	return s.overLocked() || s.unit.machine.View().Ready
}

func (s *operatorStart) timeout(err error) error {
	if errors.Is(err, context.Canceled) {
		return errorFor("start", s.unit.name, daemonry.CodeShuttingDown, "the wait for it was given up while it was %s", s.unit.stateNow())
	}
	return errorFor("start", s.unit.name, daemonry.CodeTimeout, "it is still %s", s.unit.stateNow())
}

func (u *unit) stateNow() daemonry.State {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.machine.View().State
}

// Stop implements BrokerHandler.
func (c control) Stop(ctx context.Context, r *connect.Request[daemonryv1.StopRequest]) (*connect.Response[daemonryv1.StopResponse], error) {
	u, err := c.end(ctx, "stop", r.Msg.Name, (*lifecycle.Machine).Stop)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&daemonryv1.StopResponse{Service: c.service(u)}), nil
}

// Disable implements BrokerHandler.
func (c control) Disable(ctx context.Context, r *connect.Request[daemonryv1.DisableRequest]) (*connect.Response[daemonryv1.DisableResponse], error) {
	u, err := c.end(ctx, "disable", r.Msg.Name, (*lifecycle.Machine).Disable)
	if err != nil {
		return nil, err
	}
	if err := c.b.setDisabled(u.key, true); err != nil {
		return nil, failure(err)
	}
	return connect.NewResponse(&daemonryv1.DisableResponse{Service: c.service(u)}), nil
}

// end applies an event that leads to a stop and waits until the processes that
// ran are gone. One that a waiting client brings up meanwhile is none of them.
func (c control) end(ctx context.Context, op, name string, event func(*lifecycle.Machine, time.Time) []lifecycle.Action) (*unit, error) {
	u, err := c.find(op, name)
	if err != nil {
		return nil, err
	}
	ctx, stop := c.b.untilEnd(ctx)
	defer stop()
	u.mu.Lock()
	last := u.machine.View().Highest
	u.eventLocked(event)
	u.mu.Unlock()
	err = u.await(ctx, func() bool {
		for generation := range u.procs {
			if generation <= last {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, failure(errorFor(op, u.name, daemonry.CodeTimeout, "it is still %s: %v", u.stateNow(), err))
	}
	return u, nil
}

// Enable implements BrokerHandler.
func (c control) Enable(_ context.Context, r *connect.Request[daemonryv1.EnableRequest]) (*connect.Response[daemonryv1.EnableResponse], error) {
	u, err := c.find("enable", r.Msg.Name)
	if err != nil {
		return nil, err
	}
	if err := c.b.setDisabled(u.key, false); err != nil {
		return nil, failure(err)
	}
	u.event((*lifecycle.Machine).Enable)
	return connect.NewResponse(&daemonryv1.EnableResponse{Service: c.service(u)}), nil
}

// Logs implements BrokerHandler.
func (c control) Logs(ctx context.Context, r *connect.Request[daemonryv1.LogsRequest], s *connect.ServerStream[daemonryv1.LogsResponse]) error {
	u, err := c.find("read the log of", r.Msg.Name)
	if err != nil {
		return err
	}
	ctx, cancel := c.b.untilEnd(ctx)
	defer cancel()
	return journal.Copy(ctx, u.logPath(), int(r.Msg.Lines), r.Msg.Follow, func(data []byte) error {
		return s.Send(&daemonryv1.LogsResponse{Data: data})
	})
}
