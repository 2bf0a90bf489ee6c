package broker

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/daemonry/daemonry/internal/inspect"
	"github.com/daemonry/daemonry/internal/lifecycle"
)

// An image is what a generation executes, so that what was learnt of one can be
// applied to the next. Its zero value is the same as no other.
type image struct {
	exe    os.FileInfo
	digest string // of the definition: other arguments may make it another program
	isGo   bool
}

func (p image) same(q image) bool {
	return p.exe != nil && q.exe != nil && p.digest == q.digest && os.SameFile(p.exe, q.exe) &&
		p.exe.Size() == q.exe.Size() && p.exe.ModTime().Equal(q.exe.ModTime())
}

func (u *unit) imageOf(p *running) image {
	u.mu.Lock()
	digest, command := u.def.Digest, u.def.Service.Command
	u.mu.Unlock()
	pid := p.process.Identity().PID
	exe, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	if err != nil {
		return image{}
	}
	return image{exe, digest, isGo(pid, command)}
}

// decideFate is called between the counting and the stop signal of an idle stop.
// While one thread dies of the signal, others would run on for some microseconds
// and might take a connection that dies with them. A daemon that can do nothing
// but die of it is therefore killed before it is thawed: one without a handler
// and, as Go's runtime handles every signal, a Go program that was seen to die of
// it before. Whoever has a handler gets to run it.
func (u *unit) decideFate(p *running) {
	main := p.process.Identity().PID
	processes, err := inspect.Of(main)
	if err != nil {
		return
	}
	image := u.imageOf(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	p.image = image
	threads := 0
	for _, process := range processes {
		dies, err := inspect.Fatal(process.PID, int(u.stopSignalLocked()))
		if err != nil || !dies && (process.PID != main || !p.image.same(u.diesOfStop)) {
			return
		}
		threads += process.Threads
	}
	p.fated = threads > 1 // a single thread meets the signal before anything else
}

// learnLocked notes after an idle stop how a Go program took the stop signal.
func (u *unit) learnLocked(p *running, exit lifecycle.Exit) {
	if !p.fated && p.image.isGo && exit.Signal == signalName(u.stopSignalLocked()) {
		u.diesOfStop = p.image
	}
}

// thawLocked performs Thaw.
func (u *unit) thawLocked(generation uint64) {
	p := u.procs[generation]
	switch {
	case p == nil:
	case p.fated:
		u.signalLocked(generation, syscall.SIGKILL)
	default:
		u.thaw(p)
	}
}
