// Package lab is where measurements take place: private directories, programs
// built from this tree, brokers of their own, and processes all of which have
// ended when the lab is closed.
//
// Each Domain is a broker apart (DAEMONRY_DOMAIN). Which one Dial means is said by
// this process's environment, which Enter changes: one measure at a time.
//
// # Concurrency
//
// Processes may be started and ended from several goroutines. The rest is for one.
//
// # Errors
//
// They say what could not be set up; nothing is retried.
//
// Linux only; elsewhere the package is empty.
package lab
