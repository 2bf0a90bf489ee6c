// Package inspect looks at a daemon's processes from outside, without their
// co-operation: who belongs to it, whether it was stopped, how much it has
// worked, and what its threads wait for. It reads /proc and signals nobody.
//
// The processes of a daemon are those of the process group, or of the session,
// that its main process leads. A daemon is started as the leader of both; a
// child that leaves the one and the other is not seen.
//
// # Concurrency
//
// All functions may be called from several goroutines; nothing is kept between
// calls. What they return was true of each process at its own moment: processes
// come and go while /proc is read, and one that has gone is left out.
//
// # Errors
//
// An error means that it could not be found out, which must not be taken for
// "no". Where a system offers no way, errors wrap errors.ErrUnsupported: Linux is
// run and tested, for macOS and Windows the package compiles.
package inspect
