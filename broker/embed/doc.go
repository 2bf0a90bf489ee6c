// Package embed lets a program be its own broker, so that a tool needs no second
// install:
//
//	func main() {
//		embed.Main() // first
//		…
//		conn, err := daemonry.Dial(ctx, "tool", daemonry.Define(daemonry.Service{…}))
//
// If Dial finds no broker running and none installed, it executes this program
// again, and that copy of Main becomes the broker and does not return. An
// installed broker is preferred: it serves other tools too.
//
// It is the one package for tools that brings dependencies along: everything
// that the broker is made of.
//
// # Concurrency
//
// Main is called once, before anything else that starts goroutines.
//
// # Errors
//
// A broker that cannot run says why on its standard error, which the client that
// started it reports, and exits with status 1.
package embed
