package broker

import (
	"os"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/notify"
)

// listen reads a generation's notify socket until it is closed.
func (u *unit) listen(p *running) {
	for {
		m, err := p.notify.Receive()
		if err != nil {
			return // closed: the process or the broker is gone
		}
		for _, ignored := range m.Ignored {
			u.b.log.Warn("senseless notification", "service", u.name.String(), "line", ignored)
		}
		u.notified(p, m)
	}
}

// notified turns one message into events. Anybody of this user can send to the
// socket; a message can change what is known of this generation and no more.
func (u *unit) notified(p *running, m notify.Message) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.procs[p.generation] != p || m.PID == os.Getpid() { // a barrier of hear's
		closeAll(m.Files)
		return
	}
	u.storedLocked(p, m)
	p.spoke = true
	if m.HasStatus {
		u.status = m.Status
		u.eventLocked(func(machine *lifecycle.Machine, now time.Time) []lifecycle.Action {
			return machine.Progress(now, p.generation)
		})
	}
	if m.BindError != "" {
		p.bindError = &bindError{m.BindErrorKind, m.BindError}
	}
	if m.Extend > 0 {
		u.eventLocked(func(machine *lifecycle.Machine, now time.Time) []lifecycle.Action {
			return machine.Extend(now, p.generation, m.Extend)
		})
	}
	if m.Binding && p.bind != nil {
		p.bind.speaks = true
	}
	if m.Bound {
		u.saidBoundLocked(p)
	}
	if m.Ready && u.notifyMeansReadyLocked() && !u.withholdReadyLocked(p) {
		u.eventLocked(func(machine *lifecycle.Machine, now time.Time) []lifecycle.Action {
			return u.readyLocked(machine, now, p)
		})
	}
	u.watchdogLocked(p, m)
	if m.Ready {
		u.askForListenerLocked(p)
	}
	if m.Stopping {
		u.eventLocked(func(machine *lifecycle.Machine, now time.Time) []lifecycle.Action {
			return machine.Stopping(now, p.generation)
		})
	}
	u.touchLocked()
}

func (u *unit) notifyMeansReadyLocked() bool {
	switch u.def.Service.Ready {
	case daemonry.ReadyAuto, daemonry.ReadyNotify, "":
		return true
	default:
		return false
	}
}

func closeAll(fds []int) {
	for _, fd := range fds {
		closeFD(fd)
	}
}

// bindError is what a daemon said of its failed Bind.
type bindError struct{ kind, message string }
