// Package daemonry reaches background daemons by name, and starts them if need
// be: a program asks for a daemon and gets a connection, whether the daemon was
// running, had crashed, is loading a gigabyte of state or is being replaced.
//
//	conn, err := daemonry.Dial(ctx, "gocache")
//
// The first client of a user starts a broker, which owns the listening sockets
// of all services. A socket exists before its daemon runs, so that nobody is
// ever refused; connections wait in the kernel's backlog until the daemon takes
// them. Later clients do not notice the broker: a warm Dial is one connect(2).
//
// What a daemon is, a definition says: a file in the config directory, written
// by hand or by `daemonry add`, or a Service that the client brings along:
//
//	conn, err := daemonry.Dial(ctx, "gocache", daemonry.Define(daemonry.Service{
//		Command: []string{"/usr/local/bin/gocached", "--dir", "{state_dir}"},
//	}))
//
// Package backend is the other side, for authors of daemons.
//
// The package imports the standard library and golang.org/x/sys only. A client
// in another language finds the same rules in docs/PROTOCOL.md.
//
// # Environment
//
// DAEMONRY=off makes Dial and Resolve fail at once with CodeOff, so that a tool
// can take its direct path. DAEMONRY_RUNTIME_DIR, DAEMONRY_CONFIG_DIR and
// DAEMONRY_STATE_DIR move the directories, DAEMONRY_DOMAIN=name separates
// brokers that must not share anything, DAEMONRY_BROKER is the absolute path of
// the program to start as the broker.
//
// # Concurrency
//
// Every function may be called from several goroutines and processes at once;
// however many there are, one broker and one daemon are started. Values are
// plain data. No goroutine outlives the call that started it.
//
// # Errors
//
// Every error is an *Error with a stable Code, what was being done to which
// service, why it failed, and where there is some, what the daemon or the broker
// printed last. It wraps the context's error if that is why. CodeOf gets at the
// code.
package daemonry
