package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// listen binds the endpoint of x. Nobody accepts until the test does.
func (s *stand) listen() *net.UnixListener {
	s.t.Helper()
	check(s.t, endpoint.EnsureDir(s.dirs.Runtime))
	path, err := endpoint.Path(s.dirs.Runtime, "x", "", "")
	check(s.t, err)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	check(s.t, err)
	s.t.Cleanup(func() { l.Close() })
	return l
}

// daemon serves one connection of x.
func (s *stand) daemon(serve func(*net.UnixConn)) {
	l := s.listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.AcceptUnix()
		if err != nil {
			return
		}
		defer conn.Close()
		serve(conn)
	}()
	s.t.Cleanup(func() { l.Close(); <-done })
}

// A daemon that answers only after the end of its input gets that end, and the
// whole answer comes back. No broker is asked.
func TestConnectKeepsHalfClose(t *testing.T) {
	s := newStand(t)
	s.daemon(func(conn *net.UnixConn) {
		text, _ := io.ReadAll(conn)
		_, _ = io.WriteString(conn, strings.ToUpper(string(text)))
	})
	text := strings.Repeat("all of it. ", 100_000)
	s.console.in = strings.NewReader(text)
	s.want(exitDone, "connect", "x")
	if s.out.String() != strings.ToUpper(text) {
		t.Errorf("%d bytes came back of %d", s.out.Len(), len(text))
	}
}

// A daemon that closes its direction first still gets the rest of the input.
func TestConnectKeepsOtherHalfClose(t *testing.T) {
	s := newStand(t)
	in, keyboard := pipe(t)
	s.console.in = in
	got := make(chan string, 1)
	s.daemon(func(conn *net.UnixConn) {
		_, _ = io.WriteString(conn, "bye")
		_ = conn.CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the client did not stay: %v", err)
		}
		_ = conn.SetReadDeadline(time.Time{})
		go func() {
			_, _ = io.WriteString(keyboard, "still here")
			keyboard.Close()
		}()
		text, _ := io.ReadAll(conn)
		got <- string(text)
	})
	s.want(exitDone, "connect", "x")
	if text := <-got; text != "still here" || s.out.String() != "bye" {
		t.Errorf("daemon got %q, client %q", text, &s.out)
	}
}

// A daemon that is gone ends the command although standard input is open.
func TestConnectEndsWithDaemon(t *testing.T) {
	s := newStand(t)
	s.console.in, _ = pipe(t)
	s.daemon(func(conn *net.UnixConn) { _, _ = io.WriteString(conn, "bye") })
	s.want(exitDone, "connect", "x")
	if s.out.String() != "bye" {
		t.Errorf("got %q", &s.out)
	}
}

// answers makes Resolve say it is starting at first, and then what last is.
func answers(address string, last *daemonryv1.ResolveResponse) func(context.Context, *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse {
	return func(ctx context.Context, r *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse {
		if r.GetWaitReady() && last != nil {
			return last
		}
		if r.GetWaitReady() {
			<-ctx.Done()
		}
		return &daemonryv1.ResolveResponse{Service: "x", Network: "unix", Address: address, State: "starting", Generation: 7, Revision: 1}
	}
}

// S4: a start that fails is reported, with the daemon's last output, although
// the connection hangs in the backlog and standard input is open.
func TestConnectReportsFailedStart(t *testing.T) {
	s := newStand(t)
	s.console.in, _ = pipe(t)
	l := s.listen()
	s.serve(&fakeBroker{resolve: answers(l.Addr().String(), &daemonryv1.ResolveResponse{Error: &daemonryv1.Error{
		Code: "start_failed", Op: "start", Service: "x", Message: "exited with status 1", Output: "no rules\n",
	}})})
	began := time.Now()
	s.want(exitDown, "connect", "x")
	if d := time.Since(began); d > time.Second {
		t.Errorf("it took %s", d)
	}
	says(t, s.err.String(), "daemonry: cannot start x: exited with status 1\n  | no rules\n", "daemonry logs x")
}

// S3: a daemon that never accepts ends with the caller's deadline.
func TestConnectTimesOut(t *testing.T) {
	s := newStand(t)
	s.console.in, _ = pipe(t)
	s.serve(&fakeBroker{resolve: answers(s.listen().Addr().String(), nil)})
	s.want(exitTimeout, "connect", "x", "--timeout", "300ms")
	says(t, s.err.String(), "daemonry: cannot ", "daemonry status x")
}

// The deadline is for the start: a conversation may take longer.
func TestConnectTimeoutSparesConversation(t *testing.T) {
	s := newStand(t)
	in, keyboard := pipe(t)
	s.console.in = in
	s.daemon(func(conn *net.UnixConn) {
		_, _ = io.WriteString(conn, "hello")
		time.AfterFunc(300*time.Millisecond, func() { keyboard.Close() })
		_, _ = io.Copy(io.Discard, conn)
	})
	s.want(exitDone, "connect", "x", "--timeout", "150ms")
}

// A queued connection that the broker closed because the service failed is
// explained; one that a healthy daemon closed is not an error.
func TestConnectClosedWithoutAWord(t *testing.T) {
	for _, test := range []struct {
		service *daemonryv1.Service
		code    int
	}{
		{&daemonryv1.Service{Name: "x", State: "failed", Error: &daemonryv1.Error{Code: "failed", Message: "6 starts failed", Output: "no rules"}}, exitDown},
		{&daemonryv1.Service{Name: "x", State: "disabled", Error: &daemonryv1.Error{Code: "disabled", Message: "disabled by an operator"}}, exitDown},
		{&daemonryv1.Service{Name: "x", State: "ready"}, exitDone},
	} {
		s := newStand(t)
		s.serve(&fakeBroker{services: []*daemonryv1.Service{test.service}})
		s.daemon(func(*net.UnixConn) {})
		s.want(test.code, "connect", "x")
		says(t, s.err.String(), test.service.GetError().GetMessage())
	}
}

// A connection reset before a word is an error, explained or not.
func TestConnectReset(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{services: []*daemonryv1.Service{{Name: "x", State: "ready"}}})
	s.console.in = strings.NewReader("unread")
	s.daemon(func(conn *net.UnixConn) {
		// Closing with unread input resets: wait until there is some.
		_, _ = conn.Read(make([]byte, 1))
	})
	s.want(exitFailed, "connect", "x")
	says(t, s.err.String(), "daemonry: cannot talk to x: ", "reset")
}

func TestEndpointAndWaitReady(t *testing.T) {
	s := newStand(t)
	ready := &daemonryv1.ResolveResponse{Service: "x", Network: "tcp", Address: "127.0.0.1:9", State: "ready", Ready: true}
	s.serve(&fakeBroker{resolve: answers("/r/x.sock", ready)})
	s.want(exitDone, "endpoint", "x")
	if s.out.String() != "/r/x.sock\n" {
		t.Errorf("got %q", &s.out)
	}
	s.want(exitDone, "endpoint", "x", "--wait-ready")
	if s.out.String() != "tcp:127.0.0.1:9\n" {
		t.Errorf("got %q", &s.out)
	}
}

// The broken pipe of a reader that left is reported, not swallowed.
func TestConnectBrokenOutput(t *testing.T) {
	s := newStand(t)
	s.daemon(func(conn *net.UnixConn) { _, _ = conn.Write(bytes.Repeat([]byte("x"), 10)) })
	r, w := io.Pipe()
	r.Close()
	s.console.out = w
	s.want(exitFailed, "connect", "x")
	says(t, s.err.String(), "daemonry: cannot write standard output: ")
}

// A byte that comes while the start is being watched ends the watching, and
// never counts as trouble.
func TestConnectHeardWhileWatched(t *testing.T) {
	s := newStand(t)
	l := s.listen()
	asked := make(chan struct{})
	address := l.Addr().String()
	s.serve(&fakeBroker{resolve: func(ctx context.Context, r *daemonryv1.ResolveRequest) *daemonryv1.ResolveResponse {
		if r.GetWaitReady() {
			close(asked)
			<-ctx.Done()
		}
		return &daemonryv1.ResolveResponse{Service: "x", Network: "unix", Address: address, State: "starting", Generation: 1, Revision: 1}
	}})
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.AcceptUnix()
		if err != nil {
			return
		}
		<-asked
		_, _ = io.WriteString(conn, "warm")
		conn.Close()
	}()
	s.want(exitDone, "connect", "x")
	<-done
	if s.out.String() != "warm" {
		t.Errorf("got %q", &s.out)
	}
}
