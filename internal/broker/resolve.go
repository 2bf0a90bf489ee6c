package broker

import (
	"context"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// defaultMaxWait bounds how long Resolve waits for readiness before it answers
// with what is, unless the asker says otherwise.
const defaultMaxWait = 30 * time.Second

// Resolve implements BrokerHandler. A service that cannot be reached is an
// answer, not a failed call.
func (c control) Resolve(ctx context.Context, r *connect.Request[daemonryv1.ResolveRequest]) (*connect.Response[daemonryv1.ResolveResponse], error) {
	answer := c.resolve(ctx, r.Msg)
	return connect.NewResponse(answer), nil
}

func (c control) resolve(ctx context.Context, r *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse {
	name, err := daemonry.ParseName(r.Name)
	if err != nil {
		return refusal(name, err)
	}
	if r.Definition != nil {
		if err := c.b.define(name, r.Definition); err != nil {
			return refusal(name, err)
		}
	}
	u, err := c.b.unit("resolve", name)
	if err != nil {
		return refusal(name, err)
	}
	u.retryPublish()
	if r.WaitReady {
		return u.resolveReady(ctx, r)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.resolutionLocked()
}

// refusal is an answer that is all error.
func refusal(name daemonry.Name, err error) *daemonryv1.ResolveResponse {
	e, ok := err.(*daemonry.Error) //nolint:errorlint // made here, never wrapped
	if !ok {
		e = errorFor("resolve", name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	return &daemonryv1.ResolveResponse{
		Service: name.Service, Version: name.Version, Instance: name.Instance, Error: errorMessage(e),
	}
}

// resolveReady starts the daemon if need be and answers when it is ready, when
// a start failed, when something else has changed since the asker's revision,
// or when the wait is over.
func (u *unit) resolveReady(ctx context.Context, r *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse {
	wait := defaultMaxWait
	if r.MaxWait != nil {
		wait = r.MaxWait.AsDuration()
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	ctx, stop := u.b.untilEnd(ctx)
	defer stop()
	seen := r.SeenGeneration
	u.demandReady()
	defer u.waiting()()
	_ = u.await(ctx, func() bool { // a wait that is over is an answer too
		view := u.machine.View()
		return view.Ready || closed(view.State) || u.publishError != nil || u.failedSinceLocked(seen) || (r.Revision != 0 && r.Revision != u.revision)
	})
	u.mu.Lock()
	defer u.mu.Unlock()
	answer := u.resolutionLocked()
	if u.failedSinceLocked(seen) && !answer.Ready && answer.Error == nil {
		answer.Error = errorMessage(u.lastFailed.err)
		answer.Generation = u.lastFailed.generation
	}
	return answer
}

// demandReady asks for a running daemon.
func (u *unit) demandReady() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.machine.View().Ready {
		u.lastUsed = time.Now()
		u.eventLocked(demandOf(false))
	}
}

// failedSinceLocked reports whether a start newer than seen failed.
func (u *unit) failedSinceLocked(seen uint64) bool {
	return u.lastFailed != nil && u.lastFailed.generation > seen
}

// closed reports whether a state answers clients with an error.
func closed(s daemonry.State) bool {
	return s == daemonry.StateFailed || s == daemonry.StateDisabled
}
