package broker

import (
	"errors"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/record"
)

// adoptBinding takes over a live daemon that binds for itself, as far as it has
// come: its socket is the endpoint, or listens at its private path still, or is
// yet to be bound.
func (u *unit) adoptBinding(p *running, r record.Record) {
	u.mu.Lock()
	p.bind = newBinding(u.bindPath(p.generation))
	if c, err := u.claimAt(p, u.path); err == nil {
		u.adoptPublicLocked(p, r, c.copy(u.path))
	} else if c, err := u.claimAt(p, p.bind.path); err == nil {
		l := c.copy(u.path)
		if err := endpoint.Rename(p.bind.path, u.path); err != nil {
			u.b.log.Error("cannot put an adopted daemon's socket in place", "service", u.name.String(), "error", err)
		}
		u.adoptPublicLocked(p, r, l)
	} else {
		u.adoptUnboundLocked(p, r)
	}
	u.mu.Unlock()
	u.look(p)
}

// adoptPublicLocked is for a daemon whose socket stands at the endpoint's path. l
// is a copy of it; nil: there is none to be had.
func (u *unit) adoptPublicLocked(p *running, r record.Record, l *endpoint.Listener) {
	u.notePlaceLocked()
	if err := u.linkEndpoint(); err != nil {
		u.b.log.Warn("cannot keep a second link", "service", u.name.String(), "error", err)
	}
	u.procs[p.generation] = p
	u.startedAt = p.startedAt
	p.bind.public = true
	u.shareLocked(p, l)
	u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		return m.Adopt(now, p.generation, true)
	})
	if u.standby {
		u.recallLocked(p, r.Listeners)
	}
}

// adoptUnboundLocked is for a daemon that is starting still, or whose socket has
// lost its name: that one has to be replaced.
func (u *unit) adoptUnboundLocked(p *running, r record.Record) {
	u.procs[p.generation] = p
	u.startedAt = p.startedAt
	p.accepted = false
	u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		return m.Adopt(now, p.generation, false)
	})
	if r.Phase == record.Starting {
		return
	}
	u.b.log.Error("the socket of an adopted daemon has lost its name; the daemon is replaced", "service", u.name.String(), "generation", p.generation)
	p.bind.public = true // nothing is to come of it
	u.eventLocked((*lifecycle.Machine).Restart)
}

// askForListenerLocked asks a daemon of ours whose listener the broker could not
// copy, once it serves.
func (u *unit) askForListenerLocked(p *running) {
	if !u.standby || p.bind == nil || !p.bind.public {
		return
	}
	if r, err := record.Read(record.Path(u.b.dirs.Private(""), u.key, p.generation)); err == nil {
		u.recallLocked(p, r.Listeners)
	}
}

// recall asks an adopted daemon for the listeners that could not be had otherwise.
func (u *unit) recall(p *running, r record.Record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.standby {
		u.recallLocked(p, r.Listeners)
	}
}

// recallLocked asks a daemon of ours for its listeners, where the kernel does not
// let the broker take them. It answers on its notify socket.
func (u *unit) recallLocked(p *running, expected []record.Listener) {
	if p.notify == nil || p.recalled != nil || len(expected) == 0 {
		return
	}
	path := notify.RecallPath(p.notify.Path())
	if path == "" {
		return
	}
	p.recalled = &recalled{expected: expected, got: map[string]*endpoint.Listener{}}
	u.b.spawnGoroutine(func() {
		if err := notify.Send(path, notify.RecallLine); err != nil {
			u.b.log.Info("the daemon cannot be asked for its listeners", "service", u.name.String(), "error", err)
		}
	})
}

// recalled are the listeners that a daemon was asked for.
type recalled struct {
	expected []record.Listener
	got      map[string]*endpoint.Listener
}

// storedLocked takes listeners that a daemon sends; anything else that it wants
// kept is closed, for a descriptor store is not offered.
func (u *unit) storedLocked(p *running, m notify.Message) {
	for _, fd := range m.Files {
		if err := p.recalled.take(m.FDName, fd); err != nil {
			closeFD(fd)
		}
	}
	if !u.standby || p.recalled == nil {
		return
	}
	listeners := p.recalled.all()
	if listeners == nil {
		return
	}
	if p.bind != nil {
		listeners[0].Moved(u.path)
	}
	p.recalled = nil
	if err := u.watchListenersLocked(listeners); err != nil {
		u.b.log.Error("cannot watch listeners that a daemon sent", "service", u.name.String(), "error", err)
		return
	}
	u.standby = false
	u.b.log.Info("the daemon sent its listeners", "service", u.name.String(), "generation", p.generation)
	if u.machine.View().State == "idle" {
		u.armLocked()
	}
}

var errNotAsked = errors.New("nobody asked for it")

// take keeps a descriptor that is what was asked for.
func (r *recalled) take(name string, fd int) error {
	if r == nil || r.got[name] != nil {
		return errNotAsked
	}
	for _, expected := range r.expected {
		if expected.Name != name {
			continue
		}
		l, err := endpoint.FromFD(fd)
		if err != nil {
			return err
		}
		if l.Network() != expected.Network || l.Address() != expected.Address {
			return errNotAsked
		}
		r.got[name] = l
		return nil
	}
	return errNotAsked
}

// all returns the listeners in the order of the record once all are there.
func (r *recalled) all() []*endpoint.Listener {
	var listeners []*endpoint.Listener
	for _, expected := range r.expected {
		l := r.got[expected.Name]
		if l == nil {
			return nil
		}
		listeners = append(listeners, l)
	}
	return listeners
}

// closeRecalled closes what came and was not enough.
func (p *running) closeRecalledLocked() {
	if p.recalled == nil {
		return
	}
	for _, l := range p.recalled.got {
		l.Close()
	}
	p.recalled = nil
}
