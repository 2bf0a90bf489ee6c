package broker

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/journal"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// outputLimit bounds what of a daemon's output travels in errors and events.
const outputLimit = 4 << 10

// register makes a process one of the unit's, before its first instruction. It
// refuses once the unit is gone, or this start was asked down again.
func (u *unit) register(p *running) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || u.doomed == p.generation {
		return false
	}
	u.procs[p.generation] = p
	return true
}

func (u *unit) forget(p *running) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.procs, p.generation)
}

// spawned tells the machine that the gate is open, and looks after the process
// from now on.
func (u *unit) spawned(p *running) {
	u.look(p)
	u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		if p.bind == nil { // else it is spawned when it has bound
			u.phases.spawn = now.Sub(u.phases.decided)
		}
		u.startedAt = p.startedAt
		actions := m.Spawned(now, p.generation)
		if u.def.Service.Ready == daemonry.ReadyExec && p.bind == nil {
			actions = append(actions, m.Ready(now, p.generation)...)
		}
		return actions
	})
}

// look starts the goroutines that go with a live process.
func (u *unit) look(p *running) {
	u.b.spawnGoroutine(func() { u.awaitExit(p) })
	u.b.spawnGoroutine(func() { u.awaitProgram(p) })
	if p.notify != nil {
		u.b.spawnGoroutine(func() { u.listen(p) })
	}
	if p.bind != nil && !p.bind.public {
		u.b.spawnGoroutine(func() { u.awaitBound(p) }) // awaitAccept is to follow
	} else {
		u.b.spawnGoroutine(func() { u.awaitAccept(p) })
	}
	u.b.spawnGoroutine(func() { u.watchIdle(p) })
	u.b.spawnGoroutine(func() { u.watchStall(p) })
	if probes(p.service) {
		u.b.spawnGoroutine(func() { u.probe(p) })
	}
}

// awaitExit waits for the end of a process, or of the broker.
func (u *unit) awaitExit(p *running) {
	exit, err := p.process.Wait(u.b.ctx)
	close(p.stop)
	p.hold.Lock() // nobody freezes it any more
	defer p.hold.Unlock()
	if err != nil {
		if p.notify != nil {
			p.notify.Close() // the path stays: the next broker binds it again
		}
		p.process.Close()
		if u.b.ctx.Err() == nil {
			u.b.log.Error("cannot wait for a daemon", "service", u.name.String(), "error", err)
		}
		return
	}
	u.standIn(p)
	hear(p) // its last words
	u.endLeftovers(p)
	left := p.adopted || process.Left(p.process.Identity().PID) // before it is reaped
	if err := p.process.Reap(); err != nil {
		u.b.log.Warn("cannot reap", "service", u.name.String(), "error", err)
	}
	if p.notify != nil {
		p.notify.Remove()
	}
	u.removeBinding(p)
	p.process.Close()
	u.exited(p, u.exitOf(p, exit), left)
}

// exitOf is a process's end in the machine's words, with its last output.
func (u *unit) exitOf(p *running, exit process.Exit) lifecycle.Exit {
	e := lifecycle.Exit{
		Known: exit.Known, Code: exit.Code, Core: exit.Core, At: time.Now(),
		Output: journal.Tail(p.logPath, p.logFrom, outputLimit),
	}
	if exit.Signal != 0 {
		e.Signal = signalName(exit.Signal)
	}
	return e
}

// exited cleans up after a generation and tells the machine. left: it was the
// command that ended, not the gate's shell that could not run it.
func (u *unit) exited(p *running, exit lifecycle.Exit, left bool) {
	// The lock file stays until the next start: it remembers the number for a
	// broker that comes after this one, for generations only grow.
	if err := os.Remove(record.Path(u.b.dirs.Private(""), u.key, p.generation)); err != nil {
		u.b.log.Warn("cannot remove a record", "service", u.name.String(), "error", err)
	}
	u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		delete(u.procs, p.generation)
		p.bindErrorLocked(&exit)
		p.closeRecalledLocked()
		p.endWatchdogLocked()
		u.learnLocked(p, exit)
		u.ending, u.lastExit = p, &exit
		u.touchLocked()
		u.status = ""
		u.recoverListenersLocked()
		view := m.View()
		if view.State == daemonry.StateStarting && view.Generation == p.generation {
			message := exit.String()
			switch {
			case exit.BindError != "":
				message = exit.BindError
			case !left:
				message = "the command could not be run: " + message
			}
			u.noteStartFailureLocked(lifecycle.Failure{
				Code: daemonry.CodeStartFailed, Kind: exit.BindKind, Message: message, Output: exit.Output,
				Generation: p.generation, At: now,
			})
		}
		return m.Exited(now, p.generation, exit)
	})
}

// recoverListenersLocked gives the unit listeners of its own where a live
// daemon that could not share its listener has gone (DESIGN.md §10).
func (u *unit) recoverListenersLocked() {
	if !u.standby || len(u.procs) > 0 {
		return
	}
	if u.standby = false; closed(u.machine.View().State) {
		return // it is meant to have none
	}
	u.tryPublishLocked()
}

// endLeftovers ends what a main process left behind: whoever still holds the
// generation's lock. The dead leader is not reaped yet, so that its group
// cannot be anybody else's.
func (u *unit) endLeftovers(p *running) {
	lock := record.LockPath(u.b.dirs.Private(""), u.key, p.generation)
	held, err := record.Vouched(lock)
	if err != nil || !held {
		return
	}
	u.mu.Lock()
	sig := u.stopSignalLocked()
	grace := lifecycle.PolicyOf(u.def.Service).Stop
	u.mu.Unlock()
	pids := holdersOf(lock)
	u.b.log.Warn("left behind", "service", u.name.String(), "generation", p.generation, "pids", fmt.Sprint(pids))
	u.emit(lifecycle.Event{Type: "leftovers", Generation: p.generation, Cause: fmt.Sprintf("processes %v of the generation outlived its main process and are ended", pids)})
	_ = p.process.SignalGroup(sig) // nobody left in the group is no error
	ctx, cancel := context.WithTimeout(u.b.ctx, grace)
	defer cancel()
	endHolders(ctx, lock, pids, sig)
}

func (u *unit) emit(e lifecycle.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.emitLocked(e)
}
