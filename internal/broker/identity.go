package broker

import (
	"fmt"
	"os"
	"time"

	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// place is the file that the unit's endpoint is; zero: not known.
type place struct{ dev, ino uint64 }

// notePlaceLocked remembers what stands at the path, which was put there just now.
func (u *unit) notePlaceLocked() {
	dev, ino, err := fileInode(u.path)
	if err != nil {
		dev, ino = 0, 0 // a TCP service has no path
	}
	u.place = place{dev, ino}
}

// findPlaceLocked is for an endpoint that an earlier broker made: its second link
// tells which file it is, whatever stands at the path by now.
func (u *unit) findPlaceLocked() {
	if dev, ino, err := fileInode(u.linkPath()); err == nil {
		u.place = place{dev, ino}
	}
}

// usurperLocked says who has taken the endpoint's path, in words; "": nobody. A
// path that is missing was taken by nobody.
func (u *unit) usurperLocked() string {
	dev, ino, err := fileInode(u.path)
	if err != nil || u.place == (place{}) || u.place == (place{dev, ino}) {
		return ""
	}
	info, err := os.Lstat(u.path)
	if err != nil {
		return ""
	}
	if info.Mode().Type() != os.ModeSocket {
		return fmt.Sprintf("something else stands at %s (%v), in the place of the endpoint", u.path, info.Mode())
	}
	sockets, _, err := listenersAt(u.path)
	if err != nil || len(sockets) == 0 {
		return fmt.Sprintf("another socket stands at %s in the place of the endpoint, and nobody listens on it", u.path)
	}
	holders, _ := process.SocketHolders(sockets[0].Own)
	return fmt.Sprintf("%s listens at %s in the place of the endpoint", processes(holders), u.path)
}

// inTheWay says who listens at a path that the broker wanted, for an error.
func inTheWay(path string) string {
	sockets, _, err := listenersAt(path)
	if err != nil || len(sockets) == 0 {
		return ""
	}
	holders, err := process.SocketHolders(sockets[0].Own)
	if err != nil || len(holders) == 0 {
		return ""
	}
	return processes(holders) + " listens there"
}

// findings is what is not as the books say, by the kernel's evidence alone: who
// stands at the path, and what became of each process.
func (u *unit) findings() []string {
	u.mu.Lock()
	var list []string
	if who := u.usurperLocked(); who != "" {
		list = append(list, who)
	}
	list = append(list, u.found...)
	live := make([]*running, 0, len(u.procs))
	for _, p := range u.procs {
		u.noteProgramLocked(p)
		live = append(live, p)
	}
	u.mu.Unlock()
	for _, p := range live {
		list = append(list, p.findings()...)
	}
	return list
}

// findings of one process: is it alive and the same, and does it execute what it
// did?
func (p *running) findings() []string {
	id := p.process.Identity()
	if err := id.Check(); err != nil {
		return []string{fmt.Sprintf("generation %d: %v", p.generation, err)}
	}
	then := p.program.Load()
	if then == nil {
		return nil
	}
	now, err := process.Executable(id.PID)
	if err != nil {
		return nil // not to be seen
	}
	if !now.Same(*then) {
		return []string{fmt.Sprintf("generation %d: process %d executes %s now and not %s, as when it was started", p.generation, id.PID, now.Path, then.Path)}
	}
	if there, err := process.At(then.Path); err != nil || !there.Same(*then) {
		return []string{fmt.Sprintf("generation %d: the executable %s was replaced or removed since process %d was started", p.generation, then.Path, id.PID)}
	}
	return nil
}

// noteProgramLocked remembers what a process executes, the first time that it is
// called after the gate's shell has become the command.
func (u *unit) noteProgramLocked(p *running) {
	pid := p.process.Identity().PID
	if p.program.Load() != nil || !process.Left(pid) {
		return
	}
	if program, err := process.Executable(pid); err == nil {
		p.program.Store(&program)
	}
}

// The pauses between looks whether the gate's shell has become the command: there
// is no event for that. What takes longer is noted when somebody asks.
const (
	firstProgramLook = time.Millisecond
	lastProgramLook  = time.Second
)

// awaitProgram notes what a process executes as soon as it is the command.
func (u *unit) awaitProgram(p *running) {
	for pause := firstProgramLook; pause < lastProgramLook && p.pause(u.b.ctx, pause); pause *= 2 {
		u.mu.Lock()
		u.noteProgramLocked(p)
		noted := p.program.Load() != nil
		u.mu.Unlock()
		if noted {
			return
		}
	}
}

// recordProgramLocked writes down what a process executes when it is ready first,
// so that a broker that comes later can tell too. Nobody else writes the record
// before the daemon is ready.
func (u *unit) recordProgramLocked(p *running) {
	if u.machine.View().Ready {
		return
	}
	u.noteProgramLocked(p)
	program := p.program.Load()
	r, err := record.Read(record.Path(u.b.dirs.Private(""), u.key, p.generation))
	if err != nil || program == nil || r.Program != nil {
		return
	}
	r.Program = program
	if err := record.Write(u.b.dirs.Private(""), u.key, r); err != nil {
		u.b.log.Warn("cannot complete a record", "service", u.name.String(), "error", err)
	}
}

// judged says in words why a record names no live process; "": it does, or that
// could not be found out.
func judged(r record.Record) string {
	err := r.Check()
	if err == nil {
		return ""
	}
	return fmt.Sprintf("record of generation %d: %v", r.Generation, err)
}
