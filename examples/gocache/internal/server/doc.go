// Package server answers a client's questions (package wire) from the store.
//
// # Concurrency
//
// Serve is called once for each connection, from as many goroutines as there
// are connections. Questions of one connection are answered in parallel, as
// they become known.
//
// # Errors
//
// Serve returns why a connection ended: nil after the client's Bye or between
// two frames, else the connection's error or a *wire.FormatError. What goes
// wrong with one question is told to the client and ends nothing.
package server
