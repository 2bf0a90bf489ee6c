package broker

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
)

// A unit is one (service, version, instance): its endpoint, its machine and
// the processes of its generations.
type unit struct {
	b    *Broker
	name daemonry.Name
	key  string // of endpoint.Key
	path string // of the endpoint

	mu           sync.Mutex // guards what follows; never held while waiting for a process
	def          definition.Definition
	machine      *lifecycle.Machine
	listeners    []*endpoint.Listener // nil while withdrawn
	tokens       []uint64             // of the listeners, in the watcher
	publishError error                // why they are missing though they should not be
	place        place                // of the endpoint's file
	standby      bool                 // a live daemon owns the endpoint, and its listener could not be got back
	procs        map[uint64]*running
	doomed       uint64 // a generation that was asked down while still at the gate
	timer        *time.Timer
	waiters      int      // who wait for readiness
	ending       *running // the process whose exit is being told of
	gone         bool     // removed: no event changes it any more

	revision uint64
	changed  chan struct{} // closed and renewed with every revision

	status     string // what the daemon says it is doing
	lastExit   *lifecycle.Exit
	diesOfStop image // the last one that was seen to die of the stop signal
	lastFailed *startFailure
	lastUsed   time.Time
	found      []string  // what was found when the broker began, until the next start
	startedAt  time.Time // of the serving generation
	phases     phases
}

// startFailure remembers the last start that failed, until the next one begins,
// for whoever waits for one.
type startFailure struct {
	generation uint64
	err        *daemonry.Error
}

// phases are the times of the current generation since its start was decided.
type phases struct {
	decided                time.Time
	spawn, accepted, ready time.Duration // zero: not yet
}

func (b *Broker) newUnit(name daemonry.Name, def definition.Definition, lastGeneration uint64) (*unit, error) {
	key := endpoint.Key(name.Service, name.Version, name.Instance)
	path, err := endpoint.Path(b.dirs.Runtime, name.Service, name.Version, name.Instance)
	if err != nil {
		return nil, err
	}
	return &unit{
		b: b, name: name, key: key, path: path, def: def,
		machine: lifecycle.New(lifecycle.PolicyOf(def.Service), rand.Float64, lastGeneration),
		procs:   map[uint64]*running{},
		found:   b.found[key],
		changed: make(chan struct{}),
	}, nil
}

// event applies one event to the machine and performs what it says. It is the
// only way in which a unit changes state.
func (u *unit) event(f func(m *lifecycle.Machine, now time.Time) []lifecycle.Action) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.eventLocked(f)
}

func (u *unit) eventLocked(f func(m *lifecycle.Machine, now time.Time) []lifecycle.Action) {
	if u.gone {
		return
	}
	actions := f(u.machine, time.Now())
	u.collectLocked(actions)
	for _, a := range actions {
		u.performLocked(a)
	}
	u.setTimerLocked()
	if len(actions) > 0 { // else nothing happened that anybody waits for
		u.touchLocked()
	}
}

// touchLocked starts a new revision and wakes whoever waits for one.
func (u *unit) touchLocked() {
	u.revision++
	close(u.changed)
	u.changed = make(chan struct{})
}

// setTimerLocked has Tick called at the machine's next deadline. An idle unit
// has none, and no timer.
func (u *unit) setTimerLocked() {
	at := u.machine.Deadline()
	if u.timer != nil {
		u.timer.Stop()
		u.timer = nil
	}
	if at.IsZero() {
		return
	}
	u.timer = time.AfterFunc(time.Until(at), func() {
		u.tick()
	})
}

// pending tells the machine that a connection waits.
func (u *unit) pending() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lastUsed = time.Now()
	u.eventLocked((*lifecycle.Machine).Pending)
	u.cameLocked()
	u.pokeLocked()
}

// begin publishes the endpoint and begins the machine's life. It is called
// once, after adoption.
func (u *unit) begin() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.listeners == nil && !u.standby {
		u.tryPublishLocked()
	}
	u.eventLocked((*lifecycle.Machine).Begin)
}

// remove takes a unit out of service: the daemon is stopped and the endpoint
// withdrawn. It reports whether a daemon ran.
func (u *unit) remove() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	ran := len(u.procs) > 0
	u.eventLocked((*lifecycle.Machine).Remove)
	return ran
}

// awaitGone waits until no process of the unit is left.
func (u *unit) awaitGone(ctx context.Context) error {
	return u.await(ctx, func() bool { return len(u.procs) == 0 })
}

// await waits until done, which is called under the lock, says so.
func (u *unit) await(ctx context.Context, done func() bool) error {
	for {
		u.mu.Lock()
		ok, changed := done(), u.changed
		u.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// close ends the unit without stopping its daemons: the broker goes. The path
// stays only where a daemon serves it.
func (u *unit) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.gone = true
	if u.timer != nil {
		u.timer.Stop()
	}
	if len(u.procs) == 0 {
		u.withdrawLocked()
	} else {
		u.forgetListenersLocked()
	}
	u.touchLocked()
}
