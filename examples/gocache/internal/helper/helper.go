package helper

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// Config says what a helper works with.
type Config struct {
	In  io.Reader // cmd/go's questions
	Out io.Writer // the answers; closed after the last one if it can be, for cmd/go waits for that
	Log io.Writer // for people: one line if there is no cache

	// Dial connects to the daemon.
	Dial func(context.Context) (net.Conn, error)
	// Hopeless reports that an error of Dial's will not go away by itself; nil:
	// none is hopeless.
	Hopeless func(error) bool

	Patience time.Duration // how long to wait for an answer, or for Dial; zero: 20 s
	Attempts int           // failures in a row before the helper goes on alone; zero: 5
	Temp     string        // where to keep what is put while alone; empty: os.TempDir()
}

func (c Config) withDefaults() Config {
	if c.Patience == 0 {
		c.Patience = 20 * time.Second
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	if c.Hopeless == nil {
		c.Hopeless = func(error) bool { return false }
	}
	return c
}

// byeTimeout is how long the end of a go command may be held up by the daemon's
// taking note of what was used.
const byeTimeout = time.Second

// helper is one Run. The reading goroutine is the one that Run was called on;
// the keeping goroutine is keep's.
type helper struct {
	cfg   Config
	in    *cacheprog.Reader
	out   output
	spool spool // the reading goroutine's
	used  used  // the reading goroutine's

	session atomic.Pointer[session] // nil while there is no connection; written under mu
	wake    chan struct{}           // has room for one: something is to be asked and there is no connection
	settled chan struct{}           // closed when the first connection is there, or will not be
	bye     chan struct{}           // gets the daemon's Bye; has room for one

	mu       sync.Mutex // guards what follows, and changes of session; taken before a session's
	pending  map[int64]question
	alone    bool
	own      map[object.Action]wire.Hit // what this go command put
	grumbled bool                       // a failed put was told about
}

// A question is one that waits for the daemon's answer. If put.Path is empty it
// is a get of put.Action.
type question struct {
	id  int64
	put wire.Put
}

func (q question) isPut() bool { return q.put.Path != "" }

func (q question) append(b []byte) []byte {
	if q.isPut() {
		return q.put.Append(b, q.id)
	}
	return wire.AppendGet(b, q.id, q.put.Action)
}

// Run serves one go command until it says that it is done, or closes In.
func Run(ctx context.Context, cfg Config) error {
	h := &helper{
		cfg:     cfg.withDefaults(),
		out:     output{w: cfg.Out},
		wake:    make(chan struct{}, 1),
		settled: make(chan struct{}),
		bye:     make(chan struct{}, 1),
		pending: map[int64]question{},
		own:     map[object.Action]wire.Hit{},
	}
	h.in = cacheprog.NewReader(&flusher{r: cfg.In, flush: h.flush})
	h.out.append(cacheprog.Greeting)
	if err := h.out.flush(); err != nil {
		return fmt.Errorf("cannot answer cmd/go: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { h.keep(ctx) })
	defer keeping.Wait()
	defer cancel()
	defer h.spool.remove()
	<-h.settled // the pipe holds cmd/go's questions meanwhile
	return h.read()
}

// read takes cmd/go's questions one by one.
func (h *helper) read() error {
	for {
		req, err := h.in.Next()
		if err == io.EOF { // `go list` ends so
			h.finish()
			return nil
		}
		if err != nil {
			h.finish()
			return fmt.Errorf("cannot read from cmd/go: %w", err)
		}
		switch req.Command {
		case cacheprog.Get:
			h.get(req)
		case cacheprog.Put:
			h.put(req)
		case cacheprog.Close:
			h.finish()
			return h.end(req.ID)
		default:
			h.out.respond(cacheprog.Response{ID: req.ID, Err: fmt.Sprintf("gocache does not know the command %q", req.Command)})
		}
	}
}

// end answers cmd/go's close. What is left to do it need not wait for.
func (h *helper) end(id int64) error {
	h.out.respond(cacheprog.Response{ID: id})
	err := h.out.flush()
	if c, ok := h.cfg.Out.(io.Closer); ok && err == nil {
		err = c.Close()
	}
	return err
}

// get answers from the view, or asks.
func (h *helper) get(req cacheprog.Request) {
	if len(req.ActionID) != len(object.Action{}) {
		h.out.respond(cacheprog.Response{ID: req.ID, Miss: true})
		return
	}
	action := object.Action(req.ActionID)
	if s := h.session.Load(); s != nil {
		if hit, ok := s.lookup(action); ok {
			h.out.respond(response(req.ID, hit))
			h.note(s, hit.Entry.Output)
			return
		}
	}
	h.ask(question{id: req.ID, put: wire.Put{Action: action}})
}

// put writes the body down and tells the daemon where.
func (h *helper) put(req cacheprog.Request) {
	m, err := h.spoolBody(req)
	if err != nil {
		h.out.respond(cacheprog.Response{ID: req.ID, Err: err.Error()})
		return
	}
	h.ask(question{id: req.ID, put: m})
}

// ask sends the question with the next flush, or leaves it for the next
// connection.
func (h *helper) ask(q question) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.alone {
		h.answerAloneLocked(q)
		return
	}
	h.pending[q.id] = q
	if s := h.session.Load(); s != nil {
		s.queue(q.append)
		if len(h.pending) == 1 {
			s.expect(h.cfg.Patience)
		}
		return
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// flush is called before the reading goroutine waits for cmd/go.
func (h *helper) flush() error {
	if s := h.session.Load(); s != nil {
		s.flush()
	}
	return h.out.flush()
}

// note remembers a hit for the daemon's statistics and order of use.
func (h *helper) note(s *session, o object.Output) {
	if h.used.add(o) {
		s.queue(h.used.take)
	}
}

// finish tells the daemon what was used, and waits until it knows: whoever looks
// at the statistics after a build sees all of it.
func (h *helper) finish() {
	s := h.session.Load()
	if s == nil {
		return
	}
	s.queue(h.used.take)
	s.queue(func(b []byte) []byte { return wire.Append(b, wire.KindBye, 0) })
	s.flush()
	timeout := time.NewTimer(byeTimeout)
	defer timeout.Stop()
	select {
	case <-h.bye:
	case <-s.ended:
	case <-timeout.C:
	}
}

// tell writes one line for people.
func (h *helper) tell(what string, err error) {
	why := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(h.cfg.Log, "gocache: %s: %s\n", what, why)
}

func response(id int64, hit wire.Hit) cacheprog.Response {
	return cacheprog.Response{
		ID: id, OutputID: hit.Entry.Output[:], Size: hit.Entry.Size, Time: hit.Entry.Time, DiskPath: hit.Path,
	}
}
