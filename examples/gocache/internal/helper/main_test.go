package helper_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/daemonry/daemonry/examples/gocache/internal/helper"
	"github.com/daemonry/daemonry/examples/gocache/internal/server"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// daemon serves a store on a listener that is its own to keep, as a broker's
// would be: kill ends the daemon and not the listener.
type daemon struct {
	t      *testing.T
	cfg    store.Config
	listen net.Listener

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]struct{}
	store  *store.Store
	load   chan struct{} // closed when store is set
	broken bool          // connections are accepted and closed
	busy   sync.WaitGroup
}

func newDaemon(t *testing.T) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "d") // short: sun_path
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, cfg: store.Config{Dir: filepath.Join(dir, "store")}, listen: l, conns: map[net.Conn]struct{}{}, load: make(chan struct{})}
	var accepting sync.WaitGroup
	accepting.Go(d.accept)
	t.Cleanup(func() {
		l.Close()
		d.kill()
		accepting.Wait()
		os.RemoveAll(dir)
	})
	return d
}

func (d *daemon) start() *daemon {
	s, err := store.Open(context.Background(), d.cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.store = s
	close(d.load)
	return d
}

func (d *daemon) accept() {
	for {
		c, err := d.listen.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		if d.broken {
			c.Close()
		} else {
			d.conns[c] = struct{}{}
			d.busy.Go(func() { d.serve(c) })
		}
		d.mu.Unlock()
	}
}

func (d *daemon) serve(c net.Conn) {
	s := &server.Server{Dir: d.cfg.Dir, Version: "test", Store: d}
	s.Serve(context.Background(), context.Background(), c)
	c.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, c)
}

// Get and TryGet make the daemon a server.Source.
func (d *daemon) Get(ctx context.Context) (*store.Store, error) {
	d.mu.Lock()
	load := d.load
	d.mu.Unlock()
	select {
	case <-load:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s, ok := d.TryGet(); ok {
		return s, nil
	}
	return nil, errors.New("killed")
}

func (d *daemon) TryGet() (*store.Store, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.store, d.store != nil
}

// kill ends every connection at once.
func (d *daemon) kill() {
	d.mu.Lock()
	s := d.store
	d.store = nil
	if s == nil {
		close(d.load)
	}
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.busy.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if s != nil {
		s.Close()
	}
	d.load = make(chan struct{})
}

func (d *daemon) dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", d.listen.Addr().String())
}

// goCommand plays cmd/go to a helper, in cmd/go's own words.
type goCommand struct {
	t       *testing.T
	in      *io.PipeWriter
	answers chan cacheprog.Response // closed with the pipe
	log     *bytes.Buffer           // after close
	done    chan error
	id      int64
}

func start(t *testing.T, cfg helper.Config) *goCommand {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	g := &goCommand{t: t, in: inW, answers: make(chan cacheprog.Response, 1000), log: new(bytes.Buffer), done: make(chan error, 1)}
	cfg.In, cfg.Out, cfg.Log = inR, outW, g.log
	if cfg.Temp == "" {
		cfg.Temp = t.TempDir()
	}
	go func() {
		err := helper.Run(context.Background(), cfg)
		inR.Close()
		outW.Close()
		g.done <- err
	}()
	decoder := json.NewDecoder(outR)
	var greeting struct{ KnownCommands []string }
	if err := decoder.Decode(&greeting); err != nil || len(greeting.KnownCommands) != 3 {
		t.Fatalf("greeting: %+v, %v", greeting, err)
	}
	go g.readLoop(decoder)
	t.Cleanup(func() { inW.Close(); outR.Close() })
	return g
}

// readLoop always reads, like cmd/go's.
func (g *goCommand) readLoop(decoder *json.Decoder) {
	defer close(g.answers)
	for {
		var r cacheprog.Response
		if decoder.Decode(&r) != nil {
			return
		}
		g.answers <- r
	}
}

// send returns before there is an answer.
func (g *goCommand) send(req cacheprog.Request, body []byte) int64 {
	g.t.Helper()
	g.id++
	req.ID, req.BodySize = g.id, int64(len(body))
	json.NewEncoder(g.in).Encode(req)
	io.WriteString(g.in, "\n")
	if len(body) > 0 {
		fmt.Fprintf(g.in, "\"%s\"\n", base64.StdEncoding.EncodeToString(body))
	}
	return req.ID
}

func (g *goCommand) receive() cacheprog.Response {
	g.t.Helper()
	r, ok := <-g.answers
	if !ok {
		g.t.Fatal("the helper ended without an answer")
	}
	if r.Err != "" {
		g.t.Fatalf("the helper says: %s", r.Err)
	}
	return r
}

func id(n int) []byte {
	sum := sha256.Sum256([]byte{byte(n), byte(n >> 8)})
	return sum[:]
}

func (g *goCommand) sendGet(n int) int64 {
	return g.send(cacheprog.Request{Command: cacheprog.Get, ActionID: id(n)}, nil)
}

func (g *goCommand) sendPut(n int, body []byte) int64 {
	sum := sha256.Sum256(body)
	return g.send(cacheprog.Request{Command: cacheprog.Put, ActionID: id(n), OutputID: sum[:]}, body)
}

func (g *goCommand) get(n int) cacheprog.Response { g.sendGet(n); return g.receive() }

func (g *goCommand) put(n int, body []byte) cacheprog.Response {
	g.t.Helper()
	g.sendPut(n, body)
	return g.receive()
}

func (g *goCommand) mustHit(n int, body []byte) {
	g.t.Helper()
	g.check(g.get(n), body)
}

// check fails if the answer is no hit with this body.
func (g *goCommand) check(r cacheprog.Response, body []byte) {
	g.t.Helper()
	data, err := os.ReadFile(r.DiskPath)
	sum := sha256.Sum256(body)
	if r.Miss || err != nil || !bytes.Equal(data, body) || !bytes.Equal(r.OutputID, sum[:]) || r.Size != int64(len(body)) {
		g.t.Fatalf("%+v with %q, %v, want a hit with %q", r, data, err, body)
	}
	if time.Since(r.Time) > time.Hour || time.Until(r.Time) > time.Hour {
		g.t.Errorf("put at %v", r.Time)
	}
}

func (g *goCommand) mustMiss(n int) {
	g.t.Helper()
	if r := g.get(n); !r.Miss || r.DiskPath != "" {
		g.t.Fatalf("%+v, want a miss", r)
	}
}

// close ends the go command as cmd/go does, and returns what it printed.
func (g *goCommand) close() string {
	g.t.Helper()
	if id := g.send(cacheprog.Request{Command: cacheprog.Close}, nil); g.receive().ID != id {
		g.t.Errorf("the answer to close is not the last")
	}
	g.in.Close()
	if err := <-g.done; err != nil {
		g.t.Errorf("Run = %v", err)
	}
	return g.log.String()
}
