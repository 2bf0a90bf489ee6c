// Package conform is the conformance kit: it starts a daemon as a broker would,
// watches it from outside, and says which of the rules for daemons it keeps. It
// works for any program in any language and needs no broker. Package backendtest
// and `daemonry conform` are its faces; docs/CONFORMANCE.md is its manual.
//
// A check never sends a byte into the daemon's own protocol unless the user
// named the request. What it goes by is the kernel's evidence: whether a
// connection still waits in the backlog (sock_diag), which sockets a process tree
// listens on, where its descriptors point, whether and how it ended. Clients of
// the kit connect through a second hard link of the endpoint, so that a daemon
// that breaks the path fails the check about the path and no other.
//
// A check that builds on another one that failed, or on a request that nobody
// gave, is "not applicable" and says why.
//
// # Concurrency
//
// Run may be called several times at once, each with processes and directories of its
// own; a state path can be in one run only. Run returns when everything that
// it started has ended.
//
// # Errors
//
// What a daemon does wrong is a Result, never an error. Run's error is of the
// Target (*TargetError), of ctx, or of the system the kit runs on; a check that
// the kit itself could not carry out is a failed Result that says so.
//
// Linux is run and tested. For macOS and Windows the package compiles; Run
// returns an error that wraps errors.ErrUnsupported.
package conform
