package process

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Attach returns the live process that id names, which need not be a child of
// the caller. It is checked after the process is held, so that it cannot be
// another one. Errors are as in Identity.Check.
func Attach(id Identity) (*Process, error) { return attach(id) }

// Identity returns who it is.
func (p *Process) Identity() Identity { return p.id }

// Wait waits until the process has ended or ctx does; then the error is the
// cause of ctx. A child stays a zombie, and keeps its pid and its process group,
// until Reap. Of a process that is not a child the kernel tells the exit status
// from Linux 6.15 on, once its parent has reaped it, which is waited for briefly;
// otherwise Exit.Known is false.
func (p *Process) Wait(ctx context.Context) (Exit, error) { return p.wait(ctx) }

// Reap frees the pid of a child that has ended. It is an error if the child still
// runs, and nothing if the process is not a child or was reaped before.
func (p *Process) Reap() error { return p.reap() }

// Signal sends sig to the process. The error wraps syscall.ESRCH if it was
// reaped; a zombie takes every signal and does nothing.
func (p *Process) Signal(sig syscall.Signal) error { return p.signal(sig) }

// SignalGroup sends sig to all processes of the group that the process leads,
// also after its own end. The error wraps syscall.ESRCH if the group is empty;
// an unreaped zombie still counts. A group that merely has the same number by now
// is never reached. Before Linux 6.9 that can only be promised until the process
// is reaped, and afterwards the error wraps syscall.ESRCH.
func (p *Process) SignalGroup(sig syscall.Signal) error { return p.signalGroup(sig) }

// Close lets go of the process, which goes on. Waits under way end with
// os.ErrClosed.
func (p *Process) Close() { p.close() }

// Exit is how a process ended.
type Exit struct {
	// Known is false if the kernel could not be asked, as of a process that was
	// not a child; the other fields are then zero.
	Known bool
	// Code is the exit status, 0 to 255, if Signal is 0.
	Code int
	// Signal is what killed it; 0: it exited.
	Signal syscall.Signal
	// Core says that a core was dumped.
	Core bool
}

// String returns "exited with status 1", "killed by SIGKILL",
// "killed by SIGSEGV (core dumped)" or "ended, status unknown".
func (e Exit) String() string {
	switch {
	case !e.Known:
		return "ended, status unknown"
	case e.Signal == 0:
		return fmt.Sprintf("exited with status %d", e.Code)
	case e.Core:
		return fmt.Sprintf("killed by %s (core dumped)", signalName(e.Signal))
	}
	return "killed by " + signalName(e.Signal)
}

// Usage returns the resident memory in bytes and the processor time, of the
// process alone and not of its children.
func Usage(pid int) (memory uint64, cpu time.Duration, err error) { return usage(pid) }

// Command returns the executable of the process, for display only: it is the
// interpreter of a script, ends in " (deleted)" after a rebuild, and is "" if it
// cannot be read. Where it cannot, the first argument is taken.
func Command(pid int) string { return command(pid) }

// Holders returns the pids of the processes that have the file open, in
// increasing order. Processes whose descriptors may not be looked at (another
// user's, non-dumpable ones) are left out.
func Holders(dev, ino uint64) ([]int, error) { return holders(dev, ino) }

// CloseInherited closes every descriptor above 2 that has FD_CLOEXEC clear and is
// not in keep, and so nothing that Go's runtime or standard library opened. For
// the beginning of a program, before it opens descriptors for children.
func CloseInherited(keep ...int) error { return closeInherited(keep) }

// ResetSignals has every signal that this process ignores caught and dropped, so
// that this process behaves as before and its children get the default
// disposition. Signals that the program was started with as ignored (nohup,
// shells without job control) are what it is for.
func ResetSignals() { _ = resetSignals() }

// signalName returns "SIGTERM", or "signal 34" for one without a name.
func signalName(sig syscall.Signal) string {
	if name := nameOf(sig); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(sig))
}
