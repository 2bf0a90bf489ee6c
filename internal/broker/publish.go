package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
)

// linkPath is the second hard link of the endpoint's socket, from which the
// path can be put back when somebody unlinks it.
func (u *unit) linkPath() string { return u.b.dirs.Private(u.key + ".link") }

// publishLocked binds the unit's listeners and puts them under watch, disarmed.
// The broker lock is held: nobody else binds here.
func (u *unit) publishLocked() error {
	listeners, err := u.bindListeners()
	if err != nil {
		return err
	}
	u.notePlaceLocked()
	if err := u.linkEndpoint(); err != nil {
		u.b.log.Warn("cannot keep a second link", "service", u.name.String(), "error", err)
	}
	return u.watchListenersLocked(listeners)
}

// watchListenersLocked takes over listeners, in the order of their descriptors.
func (u *unit) watchListenersLocked(listeners []*endpoint.Listener) error {
	u.listeners, u.tokens = listeners, nil
	for _, l := range listeners {
		token := u.b.tokens.Add(1)
		u.b.armed.Store(token, u)
		u.tokens = append(u.tokens, token)
		if err := u.b.watcher.Add(l.FD(), token); err != nil {
			u.forgetListenersLocked()
			return fmt.Errorf("cannot watch %s: %w", l.Address(), err)
		}
	}
	return nil
}

// bindListeners binds what the definition's listen names, in that order.
func (u *unit) bindListeners() (listeners []*endpoint.Listener, err error) {
	for _, spec := range listenSpecs(u.def.Service) {
		l, err := u.bind(spec)
		if err != nil {
			for _, l := range listeners {
				l.Close()
			}
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func (u *unit) bind(spec string) (*endpoint.Listener, error) {
	if address, ok := strings.CutPrefix(spec, "tcp:"); ok {
		return endpoint.ListenTCP(address, endpoint.Backlog())
	}
	path := u.path
	if name, ok := strings.CutPrefix(spec, "unix:"); ok {
		path = strings.TrimSuffix(u.path, ".sock") + "." + name + ".sock"
	}
	if err := endpoint.RemoveStale(path); err != nil {
		err = fmt.Errorf("cannot publish %s: %w", path, err)
		if who := inTheWay(path); who != "" {
			err = fmt.Errorf("%w: %s", err, who)
		}
		return nil, err
	}
	return endpoint.ListenUnix(path, endpoint.Backlog())
}

// listenSpecs is the definition's listen, or its default.
func listenSpecs(s daemonry.Service) []string {
	if len(s.Listen) == 0 {
		return []string{"unix"}
	}
	return s.Listen
}

// inherited are the listeners that a daemon is given.
func inherited(s daemonry.Service) []string {
	if binds(s) {
		return nil
	}
	return listenSpecs(s)
}

// listenerName is the LISTEN_FDNAMES entry of a listen spec.
func listenerName(spec string) string {
	if name, ok := strings.CutPrefix(spec, "unix:"); ok {
		return name
	}
	network, _, _ := strings.Cut(spec, ":")
	return network
}

func (u *unit) linkEndpoint() error {
	if err := os.Remove(u.linkPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(u.path, u.linkPath())
}

// mend has the endpoint made again after somebody removed its path.
func (u *unit) mend() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || u.listeners == nil && !u.standby {
		return // withdrawn: it is meant to be missing
	}
	if _, err := os.Lstat(u.path); errors.Is(err, fs.ErrNotExist) {
		u.eventLocked((*lifecycle.Machine).Lost)
	}
}

// armLocked has the watcher report the next pending connection, or the one that
// is already there.
func (u *unit) armLocked() {
	for i, l := range u.listeners {
		if err := u.b.watcher.Arm(l.FD(), u.tokens[i]); err != nil {
			u.b.log.Error("cannot arm", "service", u.name.String(), "error", err)
		}
	}
}

func (u *unit) disarmLocked() {
	for _, l := range u.listeners {
		if err := u.b.watcher.Disarm(l.FD()); err != nil {
			u.b.log.Error("cannot disarm", "service", u.name.String(), "error", err)
		}
	}
}

// republishLocked makes the endpoint reachable again: by the second link where
// the listener lives, else by binding anew.
func (u *unit) republishLocked() {
	if u.listeners != nil || u.standby {
		err := os.Link(u.linkPath(), u.path)
		u.b.log.Warn("endpoint was removed; put back", "service", u.name.String(), "path", u.path, "error", err)
		return
	}
	u.tryPublishLocked()
}

// tryPublishLocked publishes, and remembers why it could not.
func (u *unit) tryPublishLocked() {
	u.standby = false
	if u.publishError = u.publishLocked(); u.publishError != nil {
		u.b.log.Error("cannot publish", "service", u.name.String(), "error", u.publishError)
	}
}

// retryPublish tries once more what could not be published when it should have
// been: whatever was in the way may be gone.
func (u *unit) retryPublish() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.publishError == nil || u.gone {
		return
	}
	if u.tryPublishLocked(); u.publishError == nil {
		u.armLocked()
	}
}

// publishErrorLocked is why the endpoint is missing though it should be there.
func (u *unit) publishErrorLocked() *daemonry.Error {
	e := errorFor("publish", u.name, daemonry.CodeUnsafeEndpoint, "%v", u.publishError)
	e.Err = u.publishError
	return e
}

// withdrawLocked removes the endpoint so that new clients find nothing, then
// closes what is queued so that nobody waits in vain.
func (u *unit) withdrawLocked() {
	usurped := u.usurperLocked() != ""
	if u.standby && !usurped {
		os.Remove(u.path) // the daemon's own, which is on its way out
	}
	if u.listeners == nil {
		return
	}
	for _, l := range u.listeners {
		if l.Network() == "unix" && !(usurped && l.Address() == u.path) {
			os.Remove(l.Address())
		}
	}
	os.Remove(u.linkPath())
	for _, l := range u.listeners {
		closeQueue(l)
	}
	u.forgetListenersLocked()
}

// closeQueue accepts and closes whatever waits on a listener that no daemon
// serves any more.
func closeQueue(l *endpoint.Listener) {
	if err := l.SetNonblock(true); err != nil {
		return // closing the listener resets them all the same
	}
	for {
		if readable, err := l.Readable(); err != nil || !readable {
			return
		}
		fd, err := l.Accept()
		if err != nil {
			return
		}
		closeFD(fd)
	}
}

// forgetListenersLocked closes the broker's copies of the listeners.
func (u *unit) forgetListenersLocked() {
	for _, token := range u.tokens {
		u.b.armed.Delete(token)
	}
	for _, l := range u.listeners {
		_ = u.b.watcher.Remove(l.FD()) // not added yet, or gone with the descriptor
		l.Close()
	}
	u.listeners, u.tokens = nil, nil
}
