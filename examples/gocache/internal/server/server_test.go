package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"testing"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/server"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loaded is a Source that need not load.
type loaded struct{ *store.Store }

func (l loaded) Get(context.Context) (*store.Store, error) { return l.Store, nil }
func (l loaded) TryGet() (*store.Store, bool)              { return l.Store, true }

// loading never gets there.
type loading struct{}

func (loading) Get(ctx context.Context) (*store.Store, error) { <-ctx.Done(); return nil, ctx.Err() }
func (loading) TryGet() (*store.Store, bool)                  { return nil, false }

// client is one end of a connection whose other end is served.
type client struct {
	net.Conn
	frames *wire.Reader
	ended  chan error
}

func connect(t *testing.T, source server.Source, stop, work context.Context) *client {
	t.Helper()
	here, there := net.Pipe()
	c := &client{Conn: here, frames: wire.NewReader(here), ended: make(chan error, 1)}
	go func() {
		s := &server.Server{Dir: "/store", Version: "test", Store: source}
		c.ended <- s.Serve(stop, work, there)
		there.Close()
	}()
	t.Cleanup(func() { here.Close() })
	return c
}

func (c *client) ask(t *testing.T, frame []byte) wire.Frame {
	t.Helper()
	if _, err := c.Write(frame); err != nil {
		t.Fatal(err)
	}
	f, err := c.frames.Read()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestReport(t *testing.T) {
	c := connect(t, loaded{newStore(t)}, t.Context(), t.Context())
	c.ask(t, wire.Hello{Version: wire.Version}.Append(nil))
	if f := c.ask(t, wire.AppendGet(nil, 7, object.Action{})); f.Kind != wire.KindMiss || f.ID != 7 {
		t.Errorf("%+v, want a miss", f)
	}
	var r server.Report
	f := c.ask(t, wire.Append(nil, wire.KindStats, 8))
	if err := json.Unmarshal(f.Payload, &r); err != nil || r.Misses != 1 || r.Version != "test" || r.Connections != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if f := c.ask(t, wire.Append(nil, wire.KindBye, 9)); f.Kind != wire.KindBye {
		t.Errorf("%+v, want a bye", f)
	}
	if err := <-c.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

// A peer that speaks something else ends its own connection and nothing more.
func TestStranger(t *testing.T) {
	s := newStore(t)
	for name, frame := range map[string][]byte{
		"http":      []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"no hello":  wire.AppendGet(nil, 1, object.Action{}),
		"an answer": wire.Append(nil, wire.KindMiss, 1),
	} {
		c := connect(t, loaded{s}, t.Context(), t.Context())
		c.Write(frame)
		if _, ok := errors.AsType[*wire.FormatError](<-c.ended); !ok {
			t.Errorf("%s: no format error", name)
		}
	}
	if n := s.Stats().Connections; n != 0 {
		t.Errorf("%d leases are left", n)
	}
}

// While the store is loading, hello is answered and everything else waits; the
// end of the daemon ends both.
func TestLoading(t *testing.T) {
	stop, cancel := context.WithCancel(t.Context())
	c := connect(t, loading{}, stop, stop)
	if m, err := wire.ParseWelcome(c.ask(t, wire.Hello{Version: wire.Version, Helper: true}.Append(nil))); err != nil || m.Dir != "/store" || m.View != "" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := c.Write(wire.AppendGet(nil, 1, object.Action{})); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-c.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Serve = %v", err)
	}
}

// A daemon that is told to stop answers and closes, without an error.
func TestStop(t *testing.T) {
	stop, cancel := context.WithCancel(t.Context())
	s := newStore(t)
	c := connect(t, loaded{s}, stop, t.Context())
	c.ask(t, wire.Hello{Version: wire.Version, Helper: true}.Append(nil))
	c.ask(t, wire.AppendGet(nil, 1, object.Action{}))
	cancel()
	if err := <-c.ended; err != nil {
		t.Errorf("Serve = %v", err)
	}
}
