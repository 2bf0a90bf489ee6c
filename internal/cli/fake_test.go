package cli

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// fakeBroker answers with what it holds; err goes before everything.
type fakeBroker struct {
	daemonryv1connect.UnimplementedBrokerHandler
	err      *daemonryv1.Error
	services []*daemonryv1.Service
	refused  []*daemonryv1.Refusal
	resolve  func(context.Context, *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse
	hold     <-chan struct{} // calls that change a service wait for it
	asked    chan any        // requests, as far as there is room
	events   []*daemonryv1.Event
}

// refusal is err as an error of a call: a detail of a Connect error.
func (f *fakeBroker) refusal() error {
	refused := connect.NewError(connect.CodeFailedPrecondition, errors.New(f.err.GetMessage()))
	detail, err := connect.NewErrorDetail(f.err)
	if err != nil {
		return err
	}
	refused.AddDetail(detail)
	return refused
}

// reply notes the question and answers it, or refuses.
func reply[A any](ctx context.Context, f *fakeBroker, question any, answer *A) (*connect.Response[A], error) {
	select {
	case f.asked <- question:
	default:
	}
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.err != nil {
		return nil, f.refusal()
	}
	return connect.NewResponse(answer), nil
}

func (f *fakeBroker) first() *daemonryv1.Service {
	if len(f.services) == 0 {
		return &daemonryv1.Service{}
	}
	return f.services[0]
}

func brokerInfo() *daemonryv1.BrokerInfo {
	return &daemonryv1.BrokerInfo{
		Pid: 4711, Version: "v0.1.0", StartedAt: before(3 * time.Hour),
		RuntimeDir: "/run/user/1000/daemonry", ConfigDir: "/home/u/.config/daemonry", StateDir: "/home/u/.local/state/daemonry",
	}
}

func (f *fakeBroker) List(ctx context.Context, r *connect.Request[daemonryv1.ListRequest]) (*connect.Response[daemonryv1.ListResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.ListResponse{Broker: brokerInfo(), Services: f.services, Refused: f.refused})
}

// Get is never held: it is how a command learns what it waits for.
func (f *fakeBroker) Get(context.Context, *connect.Request[daemonryv1.GetRequest]) (*connect.Response[daemonryv1.GetResponse], error) {
	if f.err != nil && f.hold == nil {
		return nil, f.refusal()
	}
	return connect.NewResponse(&daemonryv1.GetResponse{Broker: brokerInfo(), Service: f.first()}), nil
}

func (f *fakeBroker) Resolve(ctx context.Context, r *connect.Request[daemonryv1.ResolveRequest]) (*connect.Response[daemonryv1.ResolveResponse], error) {
	if f.resolve != nil {
		return connect.NewResponse(f.resolve(ctx, r.Msg)), nil
	}
	return connect.NewResponse(&daemonryv1.ResolveResponse{Service: r.Msg.GetName(), Error: f.err}), nil
}

func (f *fakeBroker) Start(ctx context.Context, r *connect.Request[daemonryv1.StartRequest]) (*connect.Response[daemonryv1.StartResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.StartResponse{Service: f.first()})
}

func (f *fakeBroker) Stop(ctx context.Context, r *connect.Request[daemonryv1.StopRequest]) (*connect.Response[daemonryv1.StopResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.StopResponse{Service: f.first()})
}

func (f *fakeBroker) Restart(ctx context.Context, r *connect.Request[daemonryv1.RestartRequest]) (*connect.Response[daemonryv1.RestartResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.RestartResponse{Service: f.first()})
}

func (f *fakeBroker) Enable(ctx context.Context, r *connect.Request[daemonryv1.EnableRequest]) (*connect.Response[daemonryv1.EnableResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.EnableResponse{Service: f.first()})
}

func (f *fakeBroker) Disable(ctx context.Context, r *connect.Request[daemonryv1.DisableRequest]) (*connect.Response[daemonryv1.DisableResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.DisableResponse{Service: f.first()})
}

func (f *fakeBroker) Apply(ctx context.Context, r *connect.Request[daemonryv1.ApplyRequest]) (*connect.Response[daemonryv1.ApplyResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.ApplyResponse{File: "/c/services/" + r.Msg.GetName() + ".toml", Service: f.first()})
}

func (f *fakeBroker) Remove(ctx context.Context, r *connect.Request[daemonryv1.RemoveRequest]) (*connect.Response[daemonryv1.RemoveResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.RemoveResponse{File: "/c/services/" + r.Msg.GetName() + ".toml"})
}

func (f *fakeBroker) Shutdown(ctx context.Context, r *connect.Request[daemonryv1.ShutdownRequest]) (*connect.Response[daemonryv1.ShutdownResponse], error) {
	return reply(ctx, f, r.Msg, &daemonryv1.ShutdownResponse{Stopped: 2})
}

func (f *fakeBroker) Watch(_ context.Context, _ *connect.Request[daemonryv1.WatchRequest], stream *connect.ServerStream[daemonryv1.WatchResponse]) error {
	for _, e := range f.events {
		if err := stream.Send(&daemonryv1.WatchResponse{Event: e}); err != nil {
			return err
		}
	}
	return nil
}

func (f *fakeBroker) Logs(_ context.Context, r *connect.Request[daemonryv1.LogsRequest], stream *connect.ServerStream[daemonryv1.LogsResponse]) error {
	select {
	case f.asked <- r.Msg:
	default:
	}
	if f.err != nil {
		return f.refusal()
	}
	for _, text := range []string{"first\n", "second\n"} {
		if err := stream.Send(&daemonryv1.LogsResponse{Data: []byte(text)}); err != nil {
			return err
		}
	}
	return nil
}

// before is a time that is d before noon.
func before(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(noon().Add(-d)) }

// exampleServices has one service of every kind that looks different.
func exampleServices() []*daemonryv1.Service {
	return []*daemonryv1.Service{
		{
			Name: "gocache", Version: "1.4.0", Mode: "inherit", Definition: "/home/u/.config/daemonry/services/gocache.toml",
			Description: "shared Go build cache", State: "ready", Ready: true, Endpoint: "/run/user/1000/daemonry/gocache.sock",
			Listeners: []*daemonryv1.Listener{
				{Network: "unix", Address: "/run/user/1000/daemonry/gocache.sock"},
				{Name: "http", Network: "tcp", Address: "127.0.0.1:4226"},
			},
			Pid: 12345, Generation: 3, Starts: 3, Status: "12,345 entries\x1b[2J, warm",
			Processes: []*daemonryv1.Process{
				{Pid: 12345, Generation: 3, Role: "serving", StartedAt: before(2*time.Hour + 5*time.Minute), MemoryBytes: 300 << 20, CpuSeconds: 12.25},
				{Pid: 12001, Generation: 2, Role: "draining", StartedAt: before(26 * time.Hour), MemoryBytes: 5 << 20, CpuSeconds: 1},
			},
			StartedAt: before(2*time.Hour + 5*time.Minute), LastUsedAt: before(4 * time.Second),
			Connections: ptr[uint32](3), Pending: ptr[uint32](0),
			Phases: &daemonryv1.Phases{SpawnMs: ptr(1.5), AcceptMs: ptr(3.25), ReadyMs: ptr(1834.0)},
			Log:    "/home/u/.local/state/daemonry/logs/gocache.log",
			LastExit: &daemonryv1.Exit{
				Signal: "SIGKILL", At: before(2*time.Hour + 6*time.Minute), Output: "", CoreDumped: false,
			},
		},
		{
			Name: "index", Instance: "/home/me/work/a-rather-long-project-name", Mode: "inherit", State: "starting",
			Pid: 222, Generation: 1, Starts: 1, Status: "loading 4 of 9 shards, about a minute left now", StartedAt: before(12500 * time.Millisecond),
			Pending: ptr[uint32](50), Phases: &daemonryv1.Phases{SpawnMs: ptr(0.7)},
			Processes: []*daemonryv1.Process{{Pid: 222, Generation: 1, Role: "serving"}},
		},
		{
			Name: "lint", Mode: "bind", State: "failed", Starts: 6, Log: "/s/logs/lint.log",
			Definition: "client", NextAttemptAt: timestamppb.New(noon().Add(18 * time.Second)),
			Error: &daemonryv1.Error{
				Code: "failed", Kind: "already_bound", Message: "6 starts in 60s failed, first: exited with status 1 after 20ms; \x1b[31mnot tried again before the cool-down ends",
				RetryAfter: durationpb.New(18 * time.Second), Output: "lintd: cannot open /srv/rules\n",
			},
			LastExit: &daemonryv1.Exit{Code: ptr[int32](1), At: before(12 * time.Second), Output: "lintd 2.0\nlintd: cannot open /srv/rules\n"},
		},
		{Name: "old", State: "disabled", Description: "kept for later"},
		{Name: "quiet", State: "idle", LastUsedAt: before(3 * time.Minute), Starts: 1},
		{Name: "twice", Version: "1.0", State: "idle", Description: "one of two versions"},
		{Name: "twice", Version: "2.0", State: "backoff", NextAttemptAt: before(time.Second), Error: &daemonryv1.Error{Code: "start_failed", Message: "killed by SIGSEGV (core dumped)"}},
	}
}

func ptr[T any](v T) *T { return &v }
