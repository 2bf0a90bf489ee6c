package inspect

import "time"

// A Process is one live process of a daemon, at one moment.
type Process struct {
	PID     int
	Name    string // of its first thread, at most 15 bytes
	State   byte   // R, S, D, T, t, I…, see proc_pid_stat(5)
	Threads int
	CPU     time.Duration // used so far by it and by those of its children that it waited for
}

// Of returns the live processes of the daemon whose main process is or was
// leader, in order of their pids. Zombies are dead.
func Of(leader int) ([]Process, error) { return of(leader) }

// Still returns why nothing is to be expected of the processes: "stopped by a
// signal", "stopped by a debugger", "being debugged", "frozen with its control
// group". It is "" if they may run. One that is still makes the daemon so.
func Still(processes []Process) (why string, err error) { return still(processes) }

// AllStopped reports whether every thread of every process of the daemon has
// come to a stop, so that none of them executes another instruction before
// SIGCONT.
func AllStopped(leader int) (bool, error) { return allStopped(leader) }

// Work is what processes have done so far.
type Work struct {
	CPU   time.Duration // in units of 10 ms for each process
	Bytes uint64        // read and written by read(2), write(2) and their kin; not by send(2) and recv(2)
}

// WorkOf returns the work of processes together. Of a process that is not
// dumpable only root may know what it reads and writes; then the error wraps
// fs.ErrPermission.
func WorkOf(processes []Process) (Work, error) { return workOf(processes) }

// Since returns the work done after an earlier look. What the ending of a process
// takes away from the sum counts as work.
func (w Work) Since(earlier Work) Work {
	d := Work{CPU: w.CPU - earlier.CPU, Bytes: w.Bytes - earlier.Bytes}
	if d.CPU < 0 {
		d.CPU = -d.CPU
	}
	if w.Bytes < earlier.Bytes {
		d.Bytes = earlier.Bytes - w.Bytes
	}
	return d
}

// Report says in lines of text what processes and their threads are doing: state,
// processor time, and where in the kernel each thread waits, as far as this user
// may know. Many processes and threads are cut short.
func Report(processes []Process) string { return report(processes) }

// Catches reports whether a process has a handler of its own for the signal with
// this number.
func Catches(pid, signal int) (bool, error) { return catches(pid, signal) }

// Fatal reports whether the signal with this number ends a process before it
// executes another instruction, as far as dispositions go: it has no handler for
// it, does not ignore it, and no thread blocks it.
func Fatal(pid, signal int) (bool, error) { return fatal(pid, signal) }

// Suspended returns for how long this machine has been suspended since it was
// started. Only the difference of two calls means anything.
func Suspended() time.Duration { return suspended() }
