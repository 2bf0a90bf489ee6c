package broker

import (
	"fmt"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// standIn has a listener of the broker's take the place of one that ended with
// its daemon, or that the daemon called shutdown on, in one step: clients find
// the dead one no longer than it takes to hear of the end.
func (u *unit) standIn(p *running) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || closed(u.machine.View().State) || u.procs[p.generation] != p || !u.lostLocked(p) {
		return
	}
	if err := u.standInLocked(); err != nil {
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

func (u *unit) standInLocked() error {
	if who := u.usurperLocked(); who != "" {
		return fmt.Errorf("%s", who)
	}
	private := u.bindPath(0) // no daemon has that number
	if err := endpoint.RemoveStale(private); err != nil {
		return err
	}
	l, err := endpoint.ListenUnix(private, endpoint.Backlog())
	if err != nil {
		return err
	}
	if err := endpoint.Rename(private, u.path); err != nil {
		l.Close()
		return err
	}
	u.notePlaceLocked()
	if err := u.linkEndpoint(); err != nil {
		u.b.log.Warn("cannot keep a second link", "service", u.name.String(), "error", err)
	}
	old := u.takeListenersLocked()
	u.standby = false
	listeners := append([]*endpoint.Listener{l.Moved(u.path)}, old[min(1, len(old)):]...)
	u.handOverLocked(old[:min(1, len(old))])
	return u.watchListenersLocked(listeners)
}
