//go:build linux

package daemonry

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// TestDialWarm: no broker, no lock, no file but the socket is needed or made.
func TestDialWarm(t *testing.T) {
	wantNoLeak(t)
	path := warmService(t, "x")
	for _, opts := range [][]Option{nil, {nil}, {NoStart()}, {Define(Service{Command: []string{"/x"}})}} {
		conn, err := Dial(t.Context(), "x", opts...)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := conn.(*net.UnixConn); !ok || conn.RemoteAddr().String() != path {
			t.Errorf("it is a %T to %v", conn, conn.RemoteAddr())
		}
		conn.Close()
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("it left %v, %v", entries, err)
	}
}

func TestDialInstance(t *testing.T) {
	runtime := runtimeDir(t)
	path, err := endpoint.Path(runtime, "x", "", "/home/me")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	takeAll(t, l, func(net.Conn) {})
	for _, err := range []error{
		closed(Dial(t.Context(), "x//home/me")),
		closed(Dial(t.Context(), "x", Instance("/home/me"))),
		closed(Dial(t.Context(), "x//home/me", Instance("/home/me"))),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	wantError(t, closed(Dial(t.Context(), "x/a", Instance("b"))), CodeUnknownService, "the name says instance a, the option b")
}

func TestDialSwitchedOff(t *testing.T) {
	warmService(t, "x")
	for _, value := range []string{"off", "0", "false"} {
		t.Setenv("DAEMONRY", value)
		wantError(t, closed(Dial(t.Context(), "x")), CodeOff, "cannot dial x: daemons are switched off by DAEMONRY="+value)
		_, err := Resolve(t.Context(), "x")
		wantError(t, err, CodeOff, "cannot resolve x")
		wantError(t, closed(DialBroker(t.Context())), CodeBrokerUnavailable, "none was to be started")
	}
	for _, value := range []string{"", "on", "1"} {
		t.Setenv("DAEMONRY", value)
		if err := closed(Dial(t.Context(), "x")); err != nil {
			t.Errorf("DAEMONRY=%q: %v", value, err)
		}
	}
	t.Setenv("DAEMONRY", "maybe")
	wantError(t, closed(Dial(t.Context(), "x")), CodeInvalidDefinition, "neither on nor off: maybe")
}

func TestDialBadSettings(t *testing.T) {
	runtimeDir(t)
	wantError(t, closed(Dial(t.Context(), "No Such")), CodeUnknownService, `"No Such" is not a service name`)
	t.Setenv("DAEMONRY_RUNTIME_DIR", "relative")
	wantError(t, closed(Dial(t.Context(), "x")), CodeInvalidDefinition, `DAEMONRY_RUNTIME_DIR="relative" is refused`)
	t.Setenv("DAEMONRY_RUNTIME_DIR", "/"+strings.Repeat("d", 100))
	wantError(t, closed(Dial(t.Context(), "x")), CodeInvalidDefinition, "the limit is 107")
}

// TestDialHostileRuntime is S34: what another user left where the runtime
// directory should be.
func TestDialHostileRuntime(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files to another user")
	}
	for name, spoil := range map[string]func(dir string) error{
		"of another user": func(d string) error { return os.Chown(d, 12345, 12345) },
		"open to others":  func(d string) error { return os.Chmod(d, 0o770) },
		"a link": func(d string) error {
			return errors.Join(os.Rename(d, d+"2"), os.Symlink(d+"2", d))
		},
		"a file": func(d string) error {
			return errors.Join(os.RemoveAll(d), os.WriteFile(d, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			wantNoLeak(t)
			dirs := useBroker(t, "serve")
			if err := spoil(dirs.Runtime); err != nil {
				t.Fatal(err)
			}
			wantError(t, closed(Dial(t.Context(), "x")), CodeUnsafeEndpoint, dirs.Runtime+" is unsafe")
			wantError(t, closed(DialBroker(t.Context())), CodeUnsafeEndpoint, dirs.Runtime)
			if starts := started(t, dirs); len(starts) > 0 {
				t.Errorf("%d brokers were started", len(starts))
			}
		})
	}
}

// TestDialVersionAsksFirst: a version is the broker's to choose.
func TestDialVersionAsksFirst(t *testing.T) {
	wantNoLeak(t)
	s := script(t, func(_ context.Context, _ int, r *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		path, err := endpoint.Find("x", "", "")
		return &daemonryv1.ResolveResponse{Network: "unix", Address: path}, err
	})
	queue(t, "x", 10)
	for _, err := range []error{
		closed(Dial(t.Context(), "x")),
		closed(Dial(t.Context(), "x@1")),
		closed(Dial(t.Context(), "x", Define(Service{Command: []string{"/x"}}))),
		closed(Dial(t.Context(), "x", Define(Service{Command: []string{"/x"}, Version: "2"}))),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	asked := s.questions()
	if len(asked) != 2 || asked[0].Name != "x@1" || asked[1].Definition.AsMap()["version"] != "2" {
		t.Errorf("asked %v, want once for the name's version and once for the definition's", asked)
	}
}

// TestDialOutdatedAnswer: the endpoint was withdrawn between answer and connect.
func TestDialOutdatedAnswer(t *testing.T) {
	wantNoLeak(t)
	s := script(t, func(_ context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		path, err := endpoint.Find("x", "", "")
		if nth < 3 {
			path += ".gone"
		}
		return &daemonryv1.ResolveResponse{Network: "unix", Address: path}, err
	})
	queue(t, "x", 10).Close() // refuses
	if err := os.Remove(os.Getenv("DAEMONRY_RUNTIME_DIR") + "/x.sock"); err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 50*time.Millisecond)
	err := closed(Dial(ctx, "x"))
	wantError(t, err, CodeTimeout, "the deadline passed while ")
	if n := len(s.questions()); n < 3 {
		t.Errorf("asked %d times in 50 ms", n)
	}
	queue(t, "x", 10)
	if err := closed(Dial(t.Context(), "x@1")); err != nil {
		t.Error(err)
	}
}

func TestDialTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	takeAll(t, l, func(net.Conn) {})
	script(t, always(&daemonryv1.ResolveResponse{Network: "tcp", Address: l.Addr().String()}))
	conn, err := Dial(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("it is a %T", conn)
	}
}

// TestDialFullBacklog is S3.
func TestDialFullBacklog(t *testing.T) {
	wantNoLeak(t)
	runtimeDir(t)
	l := queue(t, "x", 0)
	first, err := Dial(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	err = closed(Dial(within(t, 100*time.Millisecond), "x"))
	wantError(t, err, CodeTimeout, "cannot dial x: the deadline passed while connecting")
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("%v wraps neither the deadline nor the reason", err)
	}
	result := make(chan error, 1)
	go func() { result <- closed(Dial(context.Background(), "x")) }()
	if err := l.Relisten(10); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestDialEndedContext(t *testing.T) {
	runtimeDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := closed(Dial(ctx, "x"))
	wantError(t, err, CodeTimeout, "it was cancelled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap context.Canceled", err)
	}
}

// TestSandboxed is S35: no permission is no verdict.
func TestSandboxed(t *testing.T) {
	for _, cause := range []error{syscall.EPERM, syscall.EACCES} {
		err := failure(t.Context(), "dial", "x", "connecting", os.NewSyscallError("connect", cause))
		wantError(t, err, CodeBrokerUnavailable, "is this process in a sandbox?")
		if !errors.Is(err, cause) {
			t.Errorf("%v does not wrap %v", err, cause)
		}
	}
}
