// Package process starts daemons behind a gate, tells processes apart, waits
// for them and signals them. It does not know what a service is.
//
// # The gate
//
// Start runs /bin/sh with its standard input a pipe that only the caller holds.
// The shell waits for a line, then executes the command in its place: pid, start
// time and pidfd stay the same. Between Start and Open the caller knows the pid
// and can write a record; limits, niceness and affinity have been set from
// outside. If the caller dies first the shell reads the end of the file and exits:
// nothing was started.
//
// # Identity
//
// A pid alone names nothing: pids are used again. An Identity adds the start
// time, the boot and the pid namespace in which the pid was read. Nothing here
// signals a process whose identity was not verified, and once a Process exists
// it is addressed by its pidfd, which cannot come to mean another process.
//
// # Concurrency
//
// All functions may be called from several goroutines. A Process may be waited
// for and signalled by many; Wait parks one goroutine per process in Go's
// poller and no thread. Close ends waits that are under way, and returns when
// that goroutine has ended. Start keeps its goroutine on one thread while it
// forks, as the signal mask belongs to a thread.
//
// # Errors
//
// *NotSameError says that an identity names no live process, or another one; any
// other error of Identity.Check means that it could not be found out, which must
// never be taken for "dead". *CommandError says why a command cannot be run.
// Signals to nobody give errors that wrap syscall.ESRCH; a closed Process gives
// os.ErrClosed. Where a system offers no way, errors wrap errors.ErrUnsupported.
//
// Linux is run and tested. For macOS and Windows the package compiles; what
// needs a process there is errors.ErrUnsupported.
package process
