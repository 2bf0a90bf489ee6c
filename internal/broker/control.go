package broker

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// Limits of the control interface.
const (
	maxRequest    = 1 << 20          // bytes: a definition file's limit
	headerTimeout = 10 * time.Second // for a client to say what it wants
	farewell      = 2 * time.Second  // for answers under way when the broker ends
)

// control implements the control interface.
type control struct {
	b *Broker
}

var _ daemonryv1connect.BrokerHandler = control{}

// serveControl answers until the broker ends.
func (b *Broker) serveControl() error {
	mux := http.NewServeMux()
	mux.Handle(daemonryv1connect.NewBrokerHandler(control{b}, connect.WithReadMaxBytes(maxRequest)))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // gRPC
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, Protocols: protocols}
	stopped := make(chan struct{})
	stop := context.AfterFunc(b.ctx, func() {
		defer close(stopped)
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	})
	err := server.Serve(b.seat.control)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// failure is the form in which an error leaves a call: a Connect error with
// ours as its detail.
func failure(err error) error {
	e, ok := errors.AsType[*daemonry.Error](err)
	if !ok {
		return err
	}
	ce := connect.NewError(connectCode(e.Code), e)
	if detail, err := connect.NewErrorDetail(errorMessage(e)); err == nil {
		ce.AddDetail(detail)
	}
	return ce
}

func connectCode(c daemonry.Code) connect.Code {
	switch c {
	case daemonry.CodeUnknownService:
		return connect.CodeNotFound
	case daemonry.CodeInvalidDefinition:
		return connect.CodeInvalidArgument
	case daemonry.CodeTimeout:
		return connect.CodeDeadlineExceeded
	case daemonry.CodeBusy:
		return connect.CodeAlreadyExists
	case daemonry.CodeUnsafeEndpoint:
		return connect.CodePermissionDenied
	case daemonry.CodeVersionRefused, daemonry.CodeDisabled:
		return connect.CodeFailedPrecondition
	default:
		return connect.CodeUnavailable
	}
}

func (b *Broker) info() *daemonryv1.BrokerInfo {
	return &daemonryv1.BrokerInfo{
		Pid: int32(os.Getpid()), Version: b.opt.Version, StartedAt: timeMessage(b.startedAt),
		Domain: b.dirs.Domain, RuntimeDir: b.dirs.Runtime, ConfigDir: b.dirs.Config, StateDir: b.dirs.State,
	}
}

// find parses a name and returns its unit.
func (c control) find(op, text string) (*unit, error) {
	name, err := daemonry.ParseName(text)
	if err != nil {
		return nil, failure(err)
	}
	u, err := c.b.unit(op, name)
	if err != nil {
		return nil, failure(err)
	}
	return u, nil
}

// service answers with one unit, looking at the backlog now.
func (c control) service(u *unit) *daemonryv1.Service { return u.serviceMessage(lookAtBacklogs()) }

// List implements BrokerHandler.
func (c control) List(context.Context, *connect.Request[daemonryv1.ListRequest]) (*connect.Response[daemonryv1.ListResponse], error) {
	response := &daemonryv1.ListResponse{Broker: c.b.info(), Refused: c.b.refusals()}
	backlog := lookAtBacklogs()
	for _, u := range c.b.sortedUnits() {
		response.Services = append(response.Services, u.serviceMessage(backlog))
	}
	return connect.NewResponse(response), nil
}

// Get implements BrokerHandler.
func (c control) Get(_ context.Context, r *connect.Request[daemonryv1.GetRequest]) (*connect.Response[daemonryv1.GetResponse], error) {
	u, err := c.find("get", r.Msg.Name)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&daemonryv1.GetResponse{Broker: c.b.info(), Service: c.service(u)}), nil
}

// Watch implements BrokerHandler.
func (c control) Watch(ctx context.Context, r *connect.Request[daemonryv1.WatchRequest], s *connect.ServerStream[daemonryv1.WatchResponse]) error {
	w := c.b.hub.add()
	defer c.b.hub.remove(w)
	ctx, cancel := c.b.untilEnd(ctx)
	defer cancel()
	if err := s.Send(nil); err != nil { // the headers: the client knows that it watches
		return err
	}
	past, err := pastEvents(filepath.Join(c.b.dirs.State, eventsName), int(r.Msg.Past), r.Msg.Name)
	if err != nil {
		return failure(errorFor("watch events", daemonry.Name{}, daemonry.CodeFailed, "%v", err))
	}
	for _, e := range past {
		if err := s.Send(&daemonryv1.WatchResponse{Event: e}); err != nil {
			return err
		}
	}
	if r.Msg.PastOnly {
		return nil
	}
	err = w.each(ctx, func(e *daemonryv1.Event) error {
		if !concerns(e, r.Msg.Name) || told(past, e) {
			return nil
		}
		return s.Send(&daemonryv1.WatchResponse{Event: e})
	})
	if errors.Is(err, errBehind) {
		return connect.NewError(connect.CodeResourceExhausted, err)
	}
	return err
}

// told reports whether a new event was among the past ones already: it came
// while they were read.
func told(past []*daemonryv1.Event, e *daemonryv1.Event) bool {
	return len(past) > 0 && !e.At.AsTime().After(past[len(past)-1].At.AsTime())
}

// concerns reports whether an event is of the service that a name means; "": of
// any.
func concerns(e *daemonryv1.Event, name string) bool {
	return name == "" || name == (daemonry.Name{Service: e.Service, Version: e.Version, Instance: e.Instance}).String()
}

// untilEnd is ctx, ending with the broker as well.
func (b *Broker) untilEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// Shutdown implements BrokerHandler.
func (c control) Shutdown(ctx context.Context, r *connect.Request[daemonryv1.ShutdownRequest]) (*connect.Response[daemonryv1.ShutdownResponse], error) {
	stopped, err := c.b.Shutdown(ctx, r.Msg.All)
	if err != nil {
		return nil, failure(errorFor("shut down", daemonry.Name{}, daemonry.CodeTimeout, "%v", err))
	}
	return connect.NewResponse(&daemonryv1.ShutdownResponse{Stopped: uint32(stopped)}), nil
}
