package broker

import (
	"context"
	"os"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// The pauses between two looks at a backlog in which somebody waits.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 250 * time.Millisecond
)

// awaitAccept finds out when a generation took its first connection: there is
// no event for that. As long as a connection is waiting, or somebody waits for
// readiness, it looks, often at first and then seldom; else it sleeps until the
// watcher sees a connection. One that is taken at once while nobody looks goes
// unseen, and the next one serves as well.
func (u *unit) awaitAccept(p *running) {
	var q endpointQueue
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		switch u.lookOnce(p, &q) {
		case lookOver:
			return
		case lookTaken:
			u.tookConnection(p)
			return
		case lookLater:
			pause = firstLook
			if !p.sleep(u.b.ctx, nil) {
				return
			}
		case lookAgain:
			timer := time.NewTimer(pause)
			if !p.sleep(u.b.ctx, timer.C) {
				timer.Stop()
				return
			}
			timer.Stop()
		}
	}
}

// sleep waits for a poke, or for a timer; false: there is nothing to wait for
// any more.
func (p *running) sleep(ctx context.Context, timer <-chan time.Time) bool {
	select {
	case <-p.stop:
		return false
	case <-ctx.Done():
		return false
	case <-p.poke:
	case <-timer:
	}
	return true
}

// pokeLocked has the backlog looked at now.
func (u *unit) pokeLocked() {
	for _, p := range u.procs {
		select {
		case p.poke <- struct{}{}:
		default: // it was poked already
		}
		p.idleBell.ring()
		p.stallBell.ring()
	}
}

// looked is the outcome of one look.
type looked int

const (
	lookOver  looked = iota // nothing left to learn
	lookTaken               // a connection was taken
	lookAgain               // somebody waits: look again soon
	lookLater               // nobody does: wait for the watcher
)

func (u *unit) lookOnce(p *running, q *endpointQueue) looked {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.startedLocked(p):
		return lookOver
	case q.look(u.listeners, p.takeCame()) || (u.waiters > 0 && u.connectedLocked()):
		return lookTaken
	case q.waited || u.waiters > 0:
		return lookAgain
	}
	u.armLocked()
	return lookLater
}

// cameLocked notes that a connection came. If it does not wait any more at the
// next look, the only process there is has taken it.
func (u *unit) cameLocked() {
	for _, p := range u.procs {
		p.came = len(u.procs) == 1 && (p.bind == nil || p.bind.public)
	}
}

func (p *running) takeCame() (came bool) {
	came, p.came = p.came, false
	return came
}

// connectedLocked reports whether an accepted connection is open.
func (u *unit) connectedLocked() bool {
	l := u.defaultListenerLocked()
	if l == nil || l.Network() != "unix" {
		return false
	}
	inode, err := sockdiag.Of(l.FD())
	if err != nil {
		return false
	}
	connections, err := sockdiag.Connections()
	return err == nil && connections[inode] > 0
}

// waiting counts somebody who waits for readiness, until the returned function
// is called.
func (u *unit) waiting() (done func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiters++
	u.pokeLocked()
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.waiters--
	}
}

// startedLocked reports whether there is nothing left to learn from the
// backlog: a daemon that announces readiness itself and has.
func (u *unit) startedLocked(p *running) bool {
	view := u.machine.View()
	return p.accepted || (view.Ready && view.Generation == p.generation && p.spoke)
}

// tookConnection is the first connection that a generation accepted.
func (u *unit) tookConnection(p *running) {
	hear(p)
	u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		p.accepted = true
		u.phases.accepted = now.Sub(u.phases.decided)
		if !u.acceptMeansReadyLocked(p) {
			return nil
		}
		return u.readyLocked(m, now, p)
	})
}

// acceptMeansReadyLocked applies the definition's ready. "auto" is notify for a
// daemon that ever spoke before it accepted, else accept.
func (u *unit) acceptMeansReadyLocked(p *running) bool {
	switch u.def.Service.Ready {
	case daemonry.ReadyAccept:
		return true
	case daemonry.ReadyAuto, "":
		return !p.spoke
	default:
		return false
	}
}

// readyLocked records readiness. Daemons may have called listen with a small
// backlog; the broker's own is put back.
func (u *unit) readyLocked(m *lifecycle.Machine, now time.Time, p *running) []lifecycle.Action {
	u.phases.ready = now.Sub(u.phases.decided)
	u.recordProgramLocked(p)
	for _, l := range u.listeners {
		if err := l.Relisten(endpoint.Backlog()); err != nil {
			u.b.log.Warn("cannot restore the backlog", "service", u.name.String(), "error", err)
		}
	}
	return m.Ready(now, p.generation)
}

// hear returns once everything that a generation said before this call was
// listened to: what it said before it accepted decides what accepting means. It
// sends a barrier behind it, which the reader answers by closing the pipe.
func hear(p *running) {
	if p.notify == nil {
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		return
	}
	defer r.Close()
	err = notify.SendFiles(p.notify.Path(), []int{int(w.Fd())}, "BARRIER=1")
	w.Close()
	if err == nil && r.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		_, _ = r.Read(make([]byte, 1)) // the end, or a reader that has gone
	}
}
