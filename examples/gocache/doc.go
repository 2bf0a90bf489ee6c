// Command gocache is a build cache for the Go toolchain: every go command of a
// user shares one daemon, which Daemonry starts and keeps.
//
//	go env -w GOCACHEPROG=/usr/local/bin/gocache
//
// It is three programs in one. As the helper that cmd/go starts (`gocache prog`,
// or no arguments and a pipe) it dials the service "gocache" and brings the
// service's definition along, so that nothing has to be installed besides this
// file, not even a broker (package embed). As the daemon of that service (`gocache daemon`) it serves the store; it
// shows how a backend of Daemonry's looks that has state to load. And it is the
// command line for people: stats, clean, help, version.
//
// # Concurrency
//
// Each role is one process; see the packages below internal.
//
// # Errors
//
// The helper never fails a build for want of a cache: it says so in one line on
// standard error. The other commands exit with 0 when done, 1 when they failed,
// and 2 for a command line that they do not understand.
package main
