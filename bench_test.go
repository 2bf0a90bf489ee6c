//go:build linux

package daemonry

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// warmAllocs is how many allocations a warm Dial may have beyond net.Dial's.
const warmAllocs = 4

// BenchmarkDial compares a warm Dial with what it cannot beat.
func BenchmarkDial(b *testing.B) {
	path := warmService(b, "warm")
	b.Run("net", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			untilTaken(b)(net.Dial("unix", path))
		}
	})
	b.Run("daemonry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			untilTaken(b)(Dial(context.Background(), "warm"))
		}
	})
}

func TestWarmDialAllocations(t *testing.T) {
	runtimeDir(t)
	path := queue(t, "warm", 4096).Address() // nobody accepts, for that allocates too
	plain := testing.AllocsPerRun(100, func() { closeDialled(t)(net.Dial("unix", path)) })
	check := func(place string) {
		t.Helper()
		ours := testing.AllocsPerRun(100, func() { closeDialled(t)(Dial(context.Background(), "warm")) })
		if ours > plain+warmAllocs {
			t.Errorf("%s: a warm Dial allocates %v times, net.Dial %v: more than %d above it", place, ours, plain, warmAllocs)
		}
	}
	check("DAEMONRY_RUNTIME_DIR")
	root := filepath.Dir(filepath.Dir(path))
	if err := os.Rename(root+"/run", root+"/daemonry"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAEMONRY_RUNTIME_DIR", "")
	t.Setenv("XDG_RUNTIME_DIR", root)
	check("XDG_RUNTIME_DIR")
	if err := os.Rename(root+"/daemonry", root+"/ci"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAEMONRY_RUNTIME_DIR", root)
	t.Setenv("DAEMONRY_DOMAIN", "ci")
	check("DAEMONRY_DOMAIN")
}

// untilTaken waits until the other side has accepted and closed, for clients
// that do not wait overrun the backlog in a moment.
func untilTaken(tb testing.TB) func(net.Conn, error) {
	return func(conn net.Conn, err error) {
		if err != nil {
			tb.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			tb.Fatal(err)
		}
	}
}

func closeDialled(tb testing.TB) func(net.Conn, error) {
	return func(conn net.Conn, err error) {
		if err != nil {
			tb.Fatal(err)
		}
		conn.Close()
	}
}

// warmService listens where the service is looked for and takes every
// connection.
func warmService(tb testing.TB, service string) string {
	tb.Helper()
	runtime := runtimeDir(tb)
	path, err := endpoint.Path(runtime, service, "", "")
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	tb.Cleanup(func() {
		l.Close()
		<-done
	})
	return path
}
