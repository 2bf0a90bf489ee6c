package broker

import (
	"errors"
	"io/fs"
	"os"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// standIn has a listener of the broker's take the place of one that ended with
// its daemon, or that the daemon called shutdown on: clients find the dead one no
// longer than it takes to hear of the end.
func (u *unit) standIn(p *running) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || closed(u.machine.View().State) || u.procs[p.generation] != p || !u.lostLocked(p) {
		return
	}
	bind := u.bindAside
	if p.bind == nil {
		bind = u.bindAnew
	}
	if err := u.replaceListenerLocked(bind); err != nil {
		u.b.log.Error("cannot make the endpoint again", "service", u.name.String(), "error", err)
	}
}

// lostLocked reports whether the end of p is the end of the endpoint's listener.
func (u *unit) lostLocked(p *running) bool {
	if p.bind != nil && p.bind.public && u.standby {
		return true
	}
	l := u.defaultListenerLocked()
	return l != nil && l.Address() == u.path && l.Dead()
}

// replaceListenerLocked puts a new listener in the place of the default one, whose
// queue is handed over. The endpoint's path is the unit's, or it is an error.
func (u *unit) replaceListenerLocked(bind func() (*endpoint.Listener, error)) error {
	if who := u.usurperLocked(); who != "" {
		return errors.New(who)
	}
	l, err := bind()
	if err != nil {
		return err
	}
	u.notePlaceLocked()
	if err := u.linkEndpoint(); err != nil {
		u.b.log.Warn("cannot keep a second link", "service", u.name.String(), "error", err)
	}
	old := u.takeListenersLocked()
	u.standby = false
	first := min(1, len(old))
	u.handOverLocked(old[:first])
	return u.watchListenersLocked(append([]*endpoint.Listener{l}, old[first:]...))
}

// bindAside makes a listener elsewhere and renames it over the path, in one step
// for clients.
func (u *unit) bindAside() (*endpoint.Listener, error) {
	private := u.bindPath(0) // no daemon has that number
	if err := endpoint.RemoveStale(private); err != nil {
		return nil, err
	}
	l, err := endpoint.ListenUnix(private, endpoint.Backlog())
	if err != nil {
		return nil, err
	}
	if err := endpoint.Rename(private, u.path); err != nil {
		l.Close()
		return nil, err
	}
	return l.Moved(u.path), nil
}

// bindAnew makes a listener at the path itself, for daemons that recognise what
// they inherit by its name; for a moment there is none.
func (u *unit) bindAnew() (*endpoint.Listener, error) {
	if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return endpoint.ListenUnix(u.path, endpoint.Backlog())
}

// nameListenerLocked gives a daemon that inherits a listener which was bound at
// the endpoint's path, after one that bound for itself.
func (u *unit) nameListenerLocked() {
	if l := u.defaultListenerLocked(); l == nil || !l.HasMoved() {
		return
	}
	if err := u.replaceListenerLocked(u.bindAnew); err != nil {
		u.b.log.Warn("the listener keeps another name", "service", u.name.String(), "error", err)
	}
}
