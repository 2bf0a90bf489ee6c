// Package scenario holds no code, only tests: the stories of the field's bugs
// (S1, S2, …), told with real brokers, daemons and clients, each in a process of
// its own and in private directories. testdata/script has the same for the
// command line.
//
// # Concurrency
//
// Tests do not run in parallel with each other: a machine under the load of one
// story would be the weather of another.
//
// # Errors
//
// None of its own.
package scenario
