//go:build linux

package scenario

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/internal/record"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// bindAndListen is how a daemon that knows nothing of Daemonry makes a listener.
func bindAndListen(path string, after time.Duration) *os.File {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "plaind:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "plaind: bound", path)
	if after < 0 {
		select {}
	}
	<-time.After(after)
	if err := unix.Listen(fd, 10); err != nil {
		os.Exit(1)
	}
	return os.NewFile(uintptr(fd), path)
}

// becomeUndumpable is what daemons with secrets do (ssh-agent): an ordinary user
// may not take their descriptors then.
func becomeUndumpable() {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "plaind:", err)
		os.Exit(1)
	}
}

// nameOf is what getsockname says.
func nameOf(listener *os.File) string {
	name, err := unix.Getsockname(int(listener.Fd()))
	if err != nil {
		return err.Error()
	}
	if u, ok := name.(*unix.SockaddrUnix); ok {
		return u.Name
	}
	return "another address"
}

// shutdownOnTerm is what some daemons in C do to wake up from accept.
func shutdownOnTerm(listener *os.File) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	<-terminated
	_ = unix.Shutdown(int(listener.Fd()), unix.SHUT_RDWR)
	os.Exit(0)
}

// steps is a daemon of the SDK that writes down, in the file STEPS, what is true
// when each step of the contract begins.
type steps struct{}

func (steps) Bind(e backend.Endpoint) (net.Listener, error) {
	step("bind", record.LockPath)
	return backend.Listen(e)
}

func (steps) Serve(ctx context.Context, l net.Listener) error {
	step("serve", record.LockPath)
	return backend.ServeConns(ctx, l, func(_ context.Context, conn net.Conn) error {
		_, err := fmt.Fprintln(conn, os.Getpid(), os.Getenv("DAEMONRY_GENERATION"))
		return err
	})
}

// step notes the phase on disk, whether the record's lock is held, and the time.
func step(name string, lockPath func(dir, key string, generation uint64) string) {
	entries, _ := record.List(os.Getenv("RECORDS"))
	line := fmt.Sprintf("%s, %d records", name, len(entries))
	for _, e := range entries {
		held, err := record.Vouched(lockPath(os.Getenv("RECORDS"), e.Key, e.Generation))
		line += fmt.Sprintf(", phase %s, locked %v (%v)", e.Record.Phase, held, err)
	}
	f, err := os.OpenFile(os.Getenv("STEPS"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%d %s\n", time.Now().UnixNano(), line)
}

// failing is a daemon of the SDK whose Bind fails.
type failing struct{}

func (failing) Bind(e backend.Endpoint) (net.Listener, error) {
	other, err := backend.ParseEndpoint("/nonexistent-directory/x.sock")
	if err != nil {
		return nil, err
	}
	return backend.Listen(other)
}

func (failing) Serve(context.Context, net.Listener) error {
	fmt.Fprintln(os.Stderr, "served all the same")
	return nil
}

// watch follows the broker's events from now on. What it returns waits for the
// first event of a type.
func (w *world) watch() (next func(typ string) *daemonryv1.Event) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return daemonry.DialBroker(ctx)
	}}
	client := daemonryv1connect.NewBrokerClient(&http.Client{Transport: transport}, "http://daemonry")
	stream, err := client.Watch(ctx, connect.NewRequest(&daemonryv1.WatchRequest{}))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		cancel()
		_ = stream.Close()
		transport.CloseIdleConnections()
	})
	return func(typ string) *daemonryv1.Event {
		w.t.Helper()
		for stream.Receive() {
			if e := stream.Msg().GetEvent(); e.GetType() == typ {
				return e
			}
		}
		w.t.Fatalf("no event %s: %v", typ, stream.Err())
		return nil
	}
}
