// Package broker is the only composer: it holds the endpoints, starts daemons
// behind them, watches them and answers the control interface. What to do is
// decided by internal/lifecycle, one machine for each unit; this package
// performs it with real sockets and processes.
//
// A unit is one (service, version, instance). Its listeners are bound as long
// as it is neither failed nor disabled; the watcher tells when a connection
// waits. Nobody here accepts one, but for clients that wait on a listener that
// is not the endpoint any more (bind_handover.go).
//
// # Concurrency
//
// A Broker may be used from any goroutine. Broker.mu guards the tables of
// definitions and units; unit.mu guards one unit, including its machine, and
// every transition of it happens under that lock. Lock order: Broker.mu before
// unit.mu. Nothing under unit.mu waits for a process. There is no goroutine for
// an idle unit; a running daemon has one that waits for its end, one that reads
// its notify socket, two that watch for hangs and idleness and, until its first
// connection is taken, one that looks at the backlog. Who freezes a daemon holds
// watched.hold, which is taken before unit.mu. Run returns after all of them.
//
// # Errors
//
// Errors that a client may see are *daemonry.Error with a stable code. ErrRunning
// says that another broker serves these directories.
package broker
