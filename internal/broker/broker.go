package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/proxy"
	"github.com/daemonry/daemonry/internal/watch"
)

// ErrRunning is returned by Run if another broker serves the same directories.
var ErrRunning = errors.New("another broker is running")

// Options says how a broker runs. The zero value is a broker in the
// background, as a client starts it.
type Options struct {
	Version    string    // shown in status; empty: "devel"
	Foreground bool      // log to Log and leave standard error alone
	Log        io.Writer // where a broker in the foreground logs; nil: standard error
}

// Broker is the state of a running broker.
type Broker struct {
	opt       Options
	dirs      endpoint.Dirs
	sources   definition.Sources
	log       *slog.Logger
	startedAt time.Time
	watcher   *watch.Watcher
	hub       hub
	seat      *seat
	arrivals  arrivals
	pump      proxy.Pump

	ctx         context.Context // ends when the broker ends
	end         context.CancelFunc
	running     sync.WaitGroup // every goroutine that serves a unit
	tokens      atomic.Uint64  // the last token given to a listener
	armed       sync.Map       // token → *unit
	sessionOver atomic.Bool    // the session that this broker belonged to is gone

	mu          sync.Mutex // guards what follows; taken before any unit.mu
	defs        map[string]definition.Definition
	refused     map[string]definition.Refusal
	generations map[string]uint64   // by endpoint key: the highest that a record had when the broker began
	units       map[string]*unit    // by endpoint key
	found       map[string][]string // by endpoint key: records of no live process, when the broker began
	closing     bool
}

// Run is a broker's life: it takes the seat (lock and control socket), adopts
// what lives, publishes every endpoint, serves until ctx ends or Shutdown is
// called, and leaves the daemons running unless they were asked down.
//
// With DAEMONRY_INHERIT=1 in the environment descriptor 3 is the control socket
// and 4 the lock, both taken by whoever started this process.
func Run(ctx context.Context, opt Options) error {
	dirs, err := prepare()
	if err != nil {
		return err
	}
	seat, err := takeSeat(dirs)
	if err != nil {
		return err
	}
	b, err := newBroker(ctx, opt, dirs, seat)
	if err != nil {
		seat.leave()
		return err
	}
	return b.run()
}

func newBroker(ctx context.Context, opt Options, dirs endpoint.Dirs, seat *seat) (*Broker, error) {
	if opt.Version == "" {
		opt.Version = "devel"
	}
	b := &Broker{
		opt: opt, dirs: dirs, seat: seat, startedAt: time.Now(),
		sources: definition.Sources{Config: dirs.Config, System: definition.SystemDirs(), Runtime: dirs.Runtime},
		log:     newLogger(opt),
		defs:    map[string]definition.Definition{},
		refused: map[string]definition.Refusal{}, generations: map[string]uint64{},
		found: map[string][]string{},
		units: map[string]*unit{},
	}
	b.hub.init()
	b.ctx, b.end = context.WithCancel(ctx)
	var err error
	if b.watcher, err = watch.New(b.pending); err != nil {
		b.end()
		return nil, fmt.Errorf("cannot watch listeners: %w", err)
	}
	return b, nil
}

// run publishes, serves and cleans up. Nothing is answered before every
// endpoint that is defined is bound and listening.
func (b *Broker) run() error {
	b.spawnGoroutine(func() { b.hub.keepEvents(b.ctx, filepath.Join(b.dirs.State, eventsName), b.log) })
	b.loadDefinitions()
	b.adopt()
	b.publishAll()
	b.settle()
	b.log.Info("broker is up", "pid", os.Getpid(), "version", b.opt.Version, "runtime", b.dirs.Runtime, "services", len(b.units))
	b.watchSurroundings()
	err := b.serveControl()
	b.leave()
	return err
}

// settle ends the starting phase: from now on output goes to the broker's own
// log, and the starter's file, which would tell of a failed start, goes away.
func (b *Broker) settle() {
	if b.opt.Foreground {
		return
	}
	path := filepath.Join(b.dirs.State, "broker.log")
	if err := redirectOutput(path); err != nil {
		b.log.Warn("cannot log to file", "path", path, "error", err)
	}
	os.Remove(b.dirs.StartLog())
}

// leave takes the broker down: daemons that live keep their endpoints, the
// others' are withdrawn so that the next client starts a broker at once.
func (b *Broker) leave() {
	b.end()
	b.mu.Lock()
	b.closing = true
	units := make([]*unit, 0, len(b.units))
	for _, u := range b.units {
		units = append(units, u)
	}
	b.mu.Unlock()
	for _, u := range units {
		u.close()
	}
	b.watcher.Close()
	b.running.Wait()
	b.seat.leave()
	b.log.Info("broker is down", "pid", os.Getpid())
	b.cleanSession()
}

// Shutdown ends the broker once it returned, with all set after every daemon
// was stopped. It returns how many were.
func (b *Broker) Shutdown(ctx context.Context, all bool) (stopped int, err error) {
	b.mu.Lock()
	b.closing = true
	units := make([]*unit, 0, len(b.units))
	for _, u := range b.units {
		units = append(units, u)
	}
	b.mu.Unlock()
	defer b.end()
	if !all {
		return 0, nil
	}
	for _, u := range units {
		if u.remove() {
			stopped++
		}
	}
	for _, u := range units {
		if err := u.awaitGone(ctx); err != nil {
			return stopped, err
		}
	}
	return stopped, nil
}

// spawnGoroutine runs f as one of the goroutines that Run waits for.
func (b *Broker) spawnGoroutine(f func()) {
	b.running.Go(f)
}

// pending is the watcher's callback: a connection waits on a listener.
func (b *Broker) pending(token uint64) {
	if u, ok := b.armed.Load(token); ok {
		u.(*unit).pending()
	}
}

// errorFor completes an error with what was being done.
func errorFor(op string, name daemonry.Name, code daemonry.Code, format string, args ...any) *daemonry.Error {
	return &daemonry.Error{Code: code, Op: op, Service: name.String(), Message: fmt.Sprintf(format, args...)}
}
