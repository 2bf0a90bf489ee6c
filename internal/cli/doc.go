// Package cli is the command line of Daemonry: one file per command.
//
// A command does no work of its own. It asks the broker (through the generated
// client, over connections that package daemonry makes, so that a broker starts
// by itself where that is wanted) and renders the answer. Commands that only
// look or end things (status, logs, events, stop, shutdown) never start a
// broker. The program is also the broker: an autostart uses the executable that
// is running. conform is the exception: it needs no broker, and renders what package
// conform finds.
//
// To add a command: write its constructor, a method of app that returns a
// *cobra.Command, in a file of its own, and name it in app.commands.
//
// What a daemon prints or says of itself is untrusted text: it passes through
// clean before it reaches a terminal.
//
// # Concurrency
//
// A command runs on the goroutine that called Main. The waiting line, the
// copying of connect, the signals forwarded by exec and the stream behind
// status --watch have goroutines of their own; each ends before the call that
// started it returns, save one: a read of standard input cannot be interrupted,
// so connect leaves it to the end of the process.
//
// # Errors
//
// Commands return errors and print none. What failed in the broker or the SDK
// is a *daemonry.Error; Main prints it with the daemon's last output and a hint
// what to do next, all on standard error, and exitCode turns its code into the
// exit code: `daemonry help exit-codes` lists them.
package cli
