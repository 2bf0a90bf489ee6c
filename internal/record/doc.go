// Package record keeps the identity files of live generations of daemons, and
// the locks that vouch for them.
//
// Each generation N of a daemon KEY has two files in the broker's directory:
//
//	KEY.N.json  who it is; written whole, by rename
//	KEY.N.lock  locked by the daemon, which inherited the descriptor
//
// A record alone proves nothing, for it outlives what it names. Two facts of the
// kernel vouch for it: the identity, for the main process, and the lock, for
// anything of that generation (a child left behind, a double fork). It is stale
// only when neither holds; Judge says which.
//
// # Concurrency
//
// All functions may be called from several goroutines and processes. A reader
// sees the old record or the new one. Looking at a lock takes it in shared mode for a
// moment, so that lookers do not disturb each other; Create waits for them.
//
// # Errors
//
// A record that is there and says nothing sensible gives a *CorruptError: it may
// be cleared away unless its lock is held (a later release may have written it).
// Any other error (permission, input/output) means that it could not be found
// out: nothing may be concluded from it.
package record
