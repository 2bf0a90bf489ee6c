package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/record"
)

// In mode bind a daemon is given a private path. While it starts the broker's own
// listener stands at the public one, so that clients wait; when the daemon's
// socket listens it is renamed over that, and who waits is handed over
// (bind_handover.go). From then on the broker holds a copy of the daemon's
// listener where it can get one: the queue outlives the daemon.

// A binding is a generation in mode bind. unit.mu guards what changes.
type binding struct {
	path   string        // what it was given
	said   chan struct{} // holds one: look whether it has bound
	speaks bool          // it will say when it has bound, after its record is complete
	public bool          // its socket is the endpoint
	warm   bool          // it said READY before it was public
}

func newBinding(path string) *binding {
	return &binding{path: path, said: make(chan struct{}, 1)}
}

func (b *binding) poke() {
	select {
	case b.said <- struct{}{}:
	default: // it was poked already
	}
}

func binds(s daemonry.Service) bool { return modeOf(s) == daemonry.ModeBind }

// bindPath is what a generation in mode bind is given to bind.
func (u *unit) bindPath(generation uint64) string {
	return u.b.dirs.Private(endpoint.Short(u.key) + "." + strconv.FormatUint(generation, 10) + ".sock")
}

// socketPath is where a daemon of this definition is to listen or to connect.
func (u *unit) socketPath(def definition.Definition, generation uint64) string {
	if binds(def.Service) {
		return u.bindPath(generation)
	}
	return u.path
}

// binding is nil unless the daemon binds.
func (s *aStart) binding() *binding {
	if !binds(s.def.Service) {
		return nil
	}
	return newBinding(s.unit.bindPath(s.generation))
}

// bindingLocked reports whether a generation is to have the endpoint and has
// not got it yet.
func (u *unit) bindingLocked(p *running) bool {
	return p.bind != nil && !p.bind.public && !u.gone && u.procs[p.generation] == p &&
		u.machine.View().Generation == p.generation
}

// tryBindLocked makes a generation's socket the endpoint if it listens by now.
// What can be no more than a matter of time is a *notYetError.
func (u *unit) tryBindLocked(p *running) error {
	c, err := u.claimAt(p, p.bind.path)
	if err != nil {
		return err
	}
	if who := u.usurperLocked(); who != "" {
		return errors.New(who)
	}
	if err := os.Chmod(p.bind.path, 0o600); err != nil { // whatever its umask said
		return notYet("%v", err)
	}
	l := c.copy(u.path)
	if err := endpoint.Rename(p.bind.path, u.path); err != nil {
		if l != nil {
			l.Close()
		}
		return fmt.Errorf("cannot put its socket in place: %w", err)
	}
	u.takePlaceLocked(p, c, l)
	return nil
}

// takePlaceLocked is after the rename: new clients reach the daemon. l is the
// broker's copy of its listener, nil if there is none to be had.
func (u *unit) takePlaceLocked(p *running, c claim, l *endpoint.Listener) {
	u.notePlaceLocked()
	if err := u.linkEndpoint(); err != nil {
		u.b.log.Warn("cannot keep a second link", "service", u.name.String(), "error", err)
	}
	u.completeRecord(p, c, l)
	u.handOverLocked(u.takeListenersLocked())
	u.shareLocked(p, l)
	p.bind.public = true
	u.b.spawnGoroutine(func() { u.awaitAccept(p) })
}

// shareLocked goes on with a copy of a daemon's listener, or, without one, until
// the daemon sends one or is gone.
func (u *unit) shareLocked(p *running, l *endpoint.Listener) {
	u.standby, u.publishError = l == nil, nil
	if l == nil {
		u.b.log.Info("the daemon's listener cannot be shared; the queue ends with the daemon", "service", u.name.String(), "generation", p.generation)
		p.accepted = true // what it takes cannot be seen: to listen must do
		return
	}
	if err := u.watchListenersLocked([]*endpoint.Listener{l}); err != nil {
		u.b.log.Error("cannot watch a daemon's listener", "service", u.name.String(), "error", err)
		u.standby = true
	}
}

// boundLocked tells that a generation's socket is the endpoint.
func (u *unit) boundLocked(p *running) {
	def := u.def.Service
	u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		u.phases.spawn = now.Sub(u.phases.decided)
		actions := m.Bound(now, p.generation)
		silent := p.accepted && u.acceptMeansReadyLocked(p)
		if p.bind.warm || silent || def.Ready == daemonry.ReadyExec {
			actions = append(actions, u.readyLocked(m, now, p)...)
		}
		return actions
	})
}

// saidBoundLocked is for a daemon that tells when it has bound: it must be true.
func (u *unit) saidBoundLocked(p *running) {
	if p.bind == nil {
		u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
			return m.Bound(now, p.generation)
		})
		return
	}
	if !u.bindingLocked(p) {
		return
	}
	if err := u.tryBindLocked(p); err != nil {
		u.bindFailedLocked(p, "it said that it has bound its endpoint, but "+err.Error())
		return
	}
	u.boundLocked(p)
}

// withholdReadyLocked reports whether a READY has to wait until the daemon has
// its endpoint.
func (u *unit) withholdReadyLocked(p *running) bool {
	if !u.bindingLocked(p) {
		return false
	}
	p.bind.warm = true
	p.bind.poke()
	return true
}

// completeRecord does for a daemon that knows nothing of records what one of
// ours does itself: a broker that comes later finds out how far it had come.
func (u *unit) completeRecord(p *running, c claim, l *endpoint.Listener) {
	path := record.Path(u.b.dirs.Private(""), u.key, p.generation)
	r, err := record.Read(path)
	if err == nil && r.Phase == record.Starting {
		listener := record.Listener{Name: "unix", Network: "unix", Address: p.bind.path}
		if c.pid == r.PID && c.fd > 0 {
			listener.FD = c.fd
		}
		r.Phase, r.Listeners = record.Bound, []record.Listener{listener}
		r.BindMicros = time.Since(p.startedAt).Microseconds()
		err = record.Write(u.b.dirs.Private(""), u.key, r)
	}
	if err != nil {
		u.b.log.Warn("cannot complete a record", "service", u.name.String(), "error", err)
	}
}

// removeBinding removes what a generation bound and nobody made public.
func (u *unit) removeBinding(p *running) {
	if p.bind == nil {
		return
	}
	if err := os.Remove(p.bind.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		u.b.log.Warn("cannot remove what a daemon bound", "service", u.name.String(), "error", err)
	}
}
