// Package helper is the program that cmd/go starts for GOCACHEPROG: it reads
// cmd/go's questions, answers what it can from the daemon's view, and asks the
// daemon the rest.
//
// A build never fails because of the cache:
//
//   - If the connection is lost (the daemon was killed, or is being replaced) the
//     helper dials again and sends again whatever was not answered. The broker holds
//     the listener, so that dialling is not refused meanwhile.
//   - After Config.Attempts failures in a row without an answer, or at once if
//     there is no hope, it goes on alone: gets miss, and what is put stays in the
//     helper's own directory until cmd/go has ended. One line on Config.Log says so.
//   - A helper that has nothing to ask does not dial again: a daemon that was
//     stopped stays stopped until somebody needs it.
//
// # Concurrency
//
// Run has two goroutines: one reads cmd/go's questions, one owns the connection
// and reads the daemon's answers. Neither waits for the other to write. Run
// returns when both have ended.
//
// # Errors
//
// Run fails only if cmd/go cannot be understood or answered. The daemon's errors
// become misses.
package helper
