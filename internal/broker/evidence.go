package broker

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/inspect"
	"github.com/daemonry/daemonry/internal/lifecycle"
)

// collectLocked takes down, for each generation that actions ask evidence of, what
// /proc shows of it now, and adds it to the events that tell why. A moment later
// it may be gone.
func (u *unit) collectLocked(actions []lifecycle.Action) {
	for _, a := range actions {
		p := u.procs[a.Generation]
		if a.Do != lifecycle.Evidence || p == nil {
			continue
		}
		text := u.witnessLocked(p, reasonOf(actions, a.Generation))
		for i, other := range actions {
			if other.Do == lifecycle.Emit && other.Event.Generation == a.Generation {
				actions[i].Event = withEvidence(other.Event, text)
			}
		}
	}
}

// reasonOf is the event because of which a generation is looked at.
func reasonOf(actions []lifecycle.Action, generation uint64) string {
	for _, a := range actions {
		if a.Do == lifecycle.Emit && a.Event.Generation == generation {
			return a.Event.Type
		}
	}
	return "unknown"
}

// withEvidence returns the event with what was seen as its error's output.
func withEvidence(e lifecycle.Event, text string) lifecycle.Event {
	f := lifecycle.Failure{Code: daemonry.CodeTimeout, Message: e.Cause, Generation: e.Generation, At: time.Now()}
	if e.Failure != nil {
		f = *e.Failure // the machine's own is left as it is
	}
	if f.Output == "" {
		f.Output = cutLines(text, outputLimit)
	}
	e.Failure = &f
	return e
}

// cutLines returns the whole lines of text that fit.
func cutLines(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:strings.LastIndexByte(text[:limit], '\n')+1]
}

// witnessLocked writes into the daemon's own log what its processes are doing,
// and returns it.
func (u *unit) witnessLocked(p *running, why string) string {
	processes, err := inspect.Of(p.process.Identity().PID)
	text := inspect.Report(processes)
	if err != nil {
		text = fmt.Sprintf("cannot look at its processes: %v\n", err)
	}
	text = fmt.Sprintf("%s of generation %d at %s\n", why, p.generation, time.Now().Format(time.RFC3339Nano)) + text
	u.noteInLog(p, text)
	return text
}

// noteInLog appends lines to a daemon's log, which belongs to the daemon: they
// are marked as ours.
func (u *unit) noteInLog(p *running, text string) {
	f, err := os.OpenFile(p.logPath, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		u.b.log.Warn("cannot note in a log", "service", u.name.String(), "error", err)
		return
	}
	defer f.Close()
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("daemonry: " + line)
	}
	if _, err := f.WriteString(b.String()); err != nil {
		u.b.log.Warn("cannot note in a log", "service", u.name.String(), "error", err)
	}
}

// questionLocked performs Evidence: the daemon is asked for its stacks, which it
// prints into its log. A Terminate that follows waits for it.
func (u *unit) questionLocked(generation uint64) {
	p := u.procs[generation]
	if p == nil || p.questioned {
		return
	}
	p.questioned = true
	u.b.spawnGoroutine(func() { u.question(p) })
}

// terminateLocked performs Terminate: after the questioning, if there is one.
func (u *unit) terminateLocked(generation uint64) {
	if p := u.procs[generation]; p != nil && p.questioned {
		p.condemned = true
		return
	}
	u.signalLocked(generation, u.stopSignalLocked())
}

func (u *unit) question(p *running) {
	sig, ok := u.stackSignal(p)
	if ok {
		if err := p.process.Signal(sig); err == nil {
			u.awaitOutput(p)
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	p.questioned = false
	if p.condemned && u.procs[p.generation] == p {
		p.condemned = false
		u.signalLocked(p.generation, u.stopSignalLocked())
	}
}

// stackSignal is what makes a daemon print its stacks. Most programs die of it,
// so one that is not condemned gets it only if the definition names a signal
// that it catches, and that does not end Go programs and others by custom.
func (u *unit) stackSignal(p *running) (sig syscall.Signal, ok bool) {
	u.mu.Lock() // after the whole of the actions was performed
	condemned := p.condemned
	sig, named := signalByName(u.def.Service.Process.StackSignal)
	command := u.def.Service.Command
	u.mu.Unlock()
	pid := p.process.Identity().PID
	switch {
	case !condemned && (!named || sig == syscall.SIGQUIT || sig == syscall.SIGABRT):
		return 0, false
	case !condemned:
		catches, err := inspect.Catches(pid, int(sig))
		return sig, catches && err == nil
	case named:
		return sig, true
	case isGo(pid, command):
		return syscall.SIGQUIT, true
	}
	return syscall.SIGABRT, true
}

// isGo reports whether a process is a Go program: what it executes says so or,
// where that must not be read, what it was started as.
func isGo(pid int, command []string) bool {
	if _, err := buildinfo.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "exe")); err == nil {
		return true
	} else if !os.IsPermission(err) || len(command) == 0 {
		return false
	}
	_, err := buildinfo.ReadFile(command[0])
	return err == nil
}

// How long a daemon has to print its stacks, and how long it must have printed
// nothing more to be through with it.
const (
	outputWithin = time.Second
	outputQuiet  = 100 * time.Millisecond
)

// awaitOutput waits until the daemon is gone, or has printed something and then
// nothing more, or has had its time.
func (u *unit) awaitOutput(p *running) {
	began := sizeOf(p.logPath)
	last, since := began, time.Now()
	for deadline := time.Now().Add(outputWithin); time.Now().Before(deadline); {
		if !p.pause(u.b.ctx, outputQuiet/5) {
			return
		}
		if size := sizeOf(p.logPath); size != last {
			last, since = size, time.Now()
		}
		if last != began && time.Since(since) >= outputQuiet {
			return
		}
	}
}

// sizeOf is a file's size, -1 for none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return -1
	}
	return info.Size()
}
