// Package fastbind is an analyzer that finds what would make a daemon's
// endpoint wait for its state.
//
// A backend (package [github.com/daemonry/daemonry/backend]) keeps one promise:
// its Bind takes microseconds, touches no disk and knows no state. The compiler
// refuses a backend with fields; what it cannot see is reported here: input and
// output, waiting, locks and package variables reachable from Bind, and work done
// before Bind by init functions and initialisers of package variables.
//
// Run it with
//
//	go vet -vettool=$(which fastbind) ./...
//
// A finding that is meant is allowed, at any link of the chain that leads to it,
// by a comment on its line or on the line above. It must give a reason:
//
//	//fastbind:allow the table is 200 bytes and embedded
//
// docs/FASTBIND.md lists what is found and what cannot be seen.
//
// How it works: every function declared in a package is summarised (what it
// does by itself, whom it calls), effects are carried from callee to caller until
// nothing changes, and the result is exported as a fact for the packages that
// import it. The standard library and golang.org/x/sys are not analysed: a table,
// known.txt, says what their functions do.
//
// # Concurrency
//
// The analyzer keeps nothing between packages; drivers may run it on several at
// once.
//
// # Errors
//
// Running it returns an error only if the table it carries is malformed, which its
// tests rule out.
package fastbind
