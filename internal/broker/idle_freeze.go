package broker

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/inspect"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/record"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// How long a group may take to come to a stop: a thread that waits for a disk
// stops when that answers. It runs on if it does not.
const stopsWithin = 2 * time.Second

// stopIdle freezes a generation, so that it can accept nothing while its
// connections are counted, and has it ended if there are none; else it goes on as
// if nothing had been. The record says so first: a broker that comes after this
// one lets it run again.
func (u *unit) stopIdle(p *running) (stopped bool) {
	p.hold.Lock()
	defer p.hold.Unlock()
	if serves, _ := u.serves(p); !serves || !u.runs(p) {
		return false
	}
	phase, err := u.markFreezing(p)
	if err != nil {
		u.b.log.Warn("cannot stop for idleness: the record cannot be written", "service", u.name.String(), "error", err)
		return false
	}
	defer func() {
		u.thaw(p) // also if the machine did: nothing stays frozen, whatever happened
		if !stopped {
			u.markPhase(p, phase)
		}
	}()
	if err := p.process.SignalGroup(signalFreeze); err != nil || !u.awaitStopped(p) {
		return false
	}
	if used, err := u.used(); used || err != nil {
		return false
	}
	u.decideFate(p)
	u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		actions := m.IdleStop(now, p.generation) // Terminate, then Thaw, which for some is the end
		stopped = slices.ContainsFunc(actions, func(a lifecycle.Action) bool { return a.Do == lifecycle.Terminate })
		return actions
	})
	return stopped
}

// runs reports whether nobody else has stopped the daemon: who did will want to
// find it so.
func (u *unit) runs(p *running) bool {
	processes, err := inspect.Of(p.process.Identity().PID)
	if err != nil {
		return false
	}
	why, err := inspect.Still(processes)
	return err == nil && why == ""
}

// awaitStopped waits until no thread of the group can execute anything.
func (u *unit) awaitStopped(p *running) bool {
	for deadline, pause := time.Now().Add(stopsWithin), 100*time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		switch stopped, err := inspect.AllStopped(p.process.Identity().PID); {
		case err != nil:
			u.b.log.Warn("cannot stop for idleness", "service", u.name.String(), "error", err)
			return false
		case stopped:
			return true
		case time.Now().After(deadline):
			u.b.log.Warn("cannot stop for idleness: it did not freeze", "service", u.name.String(), "within", stopsWithin)
			return false
		case !p.pause(u.b.ctx, pause):
			return false
		}
	}
}

// thaw lets a generation run again.
func (u *unit) thaw(p *running) {
	if err := p.process.SignalGroup(signalThaw); err != nil && !errors.Is(err, syscall.ESRCH) {
		u.b.log.Error("cannot thaw", "service", u.name.String(), "generation", p.generation, "error", err)
	}
}

// markFreezing writes into the record that the generation may be frozen, and
// returns the phase that it was in.
func (u *unit) markFreezing(p *running) (record.Phase, error) {
	r, err := record.Read(record.Path(u.b.dirs.Private(""), u.key, p.generation))
	if err != nil {
		return "", err
	}
	phase := r.Phase
	r.Phase = record.Freezing
	return phase, record.Write(u.b.dirs.Private(""), u.key, r)
}

// markPhase puts the record back. Nobody removes it meanwhile: hold is held.
func (u *unit) markPhase(p *running, phase record.Phase) {
	r, err := record.Read(record.Path(u.b.dirs.Private(""), u.key, p.generation))
	if err == nil {
		r.Phase = phase
		err = record.Write(u.b.dirs.Private(""), u.key, r)
	}
	if err != nil {
		u.b.log.Warn("cannot complete a record", "service", u.name.String(), "error", err)
	}
}

// thawAdopted lets an adopted daemon run again that the last broker did not come
// to thaw. One that somebody else stopped stays so.
func (u *unit) thawAdopted(p *running, r record.Record) {
	if r.Phase != record.Freezing {
		return
	}
	u.b.log.Info("an idle stop was interrupted; it goes on", "service", u.name.String(), "generation", p.generation)
	u.thaw(p)
	u.markPhase(p, record.Bound)
}

// openLocked counts the connections that were accepted from the unit's listeners
// and are open.
func (u *unit) openLocked() (open uint32, err error) {
	if len(u.listeners) == 0 {
		return 0, errors.New("the listener could not be got back from the daemon")
	}
	var unix map[sockdiag.Inode]uint32
	for _, l := range u.listeners {
		n, err := openOn(l, &unix)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", l.Address(), err)
		}
		open += n
	}
	return open, nil
}

// openOn counts one listener's. The dump of unix sockets is taken once for all.
func openOn(l *endpoint.Listener, dump *map[sockdiag.Inode]uint32) (uint32, error) {
	if l.Network() != "unix" {
		peers, err := tcpPeers(l.Address())
		return uint32(peers.accepted), err
	}
	key, err := sockdiag.Of(l.FD())
	if err != nil {
		return 0, err
	}
	if *dump == nil {
		if *dump, err = sockdiag.Connections(); err != nil {
			return 0, err
		}
	}
	return (*dump)[key], nil
}
