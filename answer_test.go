//go:build linux

package daemonry

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// A scripted broker serves the generated Connect handler on a real control
// socket: what this package writes by hand is read by the schema's own code.
type scripted struct {
	daemonryv1connect.UnimplementedBrokerHandler
	answer func(ctx context.Context, nth int, r *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error)

	mu    sync.Mutex // guards asked
	asked []*daemonryv1.ResolveRequest
}

func (s *scripted) Resolve(ctx context.Context, r *connect.Request[daemonryv1.ResolveRequest]) (*connect.Response[daemonryv1.ResolveResponse], error) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Msg)
	nth := len(s.asked)
	s.mu.Unlock()
	msg, err := s.answer(ctx, nth, r.Msg)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(msg), nil
}

func (s *scripted) questions() []*daemonryv1.ResolveRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*daemonryv1.ResolveRequest(nil), s.asked...)
}

// script starts a scripted broker whose nth question, from 1, answer answers.
func script(t *testing.T, answer func(ctx context.Context, nth int, r *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error)) *scripted {
	t.Helper()
	s := &scripted{answer: answer}
	_, handler := daemonryv1connect.NewBrokerHandler(s)
	serveControl(t, handler)
	return s
}

// always is a script of a single answer.
func always(r *daemonryv1.ResolveResponse) func(context.Context, int, *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
	return func(context.Context, int, *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		return r, nil
	}
}

// serveControl puts a handler where the broker is looked for.
func serveControl(t *testing.T, handler http.Handler) endpoint.Dirs {
	t.Helper()
	dirs := endpoint.Dirs{Runtime: runtimeDir(t)}
	if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", dirs.Control())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(l) })
	t.Cleanup(func() {
		server.Close()
		serving.Wait()
	})
	return dirs
}

// control is a control socket that speaks no HTTP: handle gets each connection.
func control(t *testing.T, handle func(net.Conn)) {
	t.Helper()
	dirs := endpoint.Dirs{Runtime: runtimeDir(t)}
	if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", dirs.Control())
	if err != nil {
		t.Fatal(err)
	}
	takeAll(t, l, handle)
}

// takeAll hands every connection to handle, one after the other, and closes it.
func takeAll(tb testing.TB, l net.Listener, handle func(net.Conn)) {
	tb.Helper()
	var taking sync.WaitGroup
	taking.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	})
	tb.Cleanup(func() {
		l.Close()
		taking.Wait()
	})
}

// queue listens at a service's endpoint and takes nothing, as a daemon that
// loads. It returns the endpoint.
func queue(t *testing.T, service string, backlog int) *endpoint.Listener {
	t.Helper()
	path, err := endpoint.Find(service, "", "")
	if err != nil {
		t.Fatal(err)
	}
	l, err := endpoint.ListenUnix(path, backlog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
