// Package demo shows the main job on real input: it builds this repository with
// the real Go toolchain through a build cache whose daemon is reached by name,
// several builds at once, and kills that daemon in the middle.
//
// It runs in a session (package cli), so that everything it makes goes with it.
//
// # Concurrency
//
// Run is called once, and returns after every process that it started.
//
// # Errors
//
// A build that fails, and a promise that did not hold, are errors that say so.
package demo
