package backend

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"
)

// DefaultBindBudget is how long Bind may take. Binding a socket takes
// microseconds; what takes longer is no bind. (The Rust original,
// running-process, probes for 500 ms: DEFAULT_ENDPOINT_PROBE_TIMEOUT.)
const DefaultBindBudget = 500 * time.Millisecond

// Contract is the Go form of BrokeredBackend: a daemon that binds first and
// warms later.
//
// The type has no fields, so that Bind has nothing to load state into. If it has
// one the compiler says
//
//	daemon does not satisfy backend.Contract (daemon missing in ~struct{})
//
// and the cure is to move the field into what a function given to Load returns.
// Bootstrap and Main take the type and make the value themselves.
type Contract interface {
	~struct{}

	// Bind makes the endpoint's listener and returns: microseconds, no disk, no
	// state. Most are `return backend.Listen(e)`. It has DefaultBindBudget, must
	// return a socket that listens at the address given, and is not called at all if the
	// daemon inherits its listener.
	Bind(Endpoint) (net.Listener, error)

	// Serve loads state, announces readiness, accepts until ctx ends, finishes
	// what it accepted, and returns nil: Load and ServeConns (or ServeUntil) do
	// these things. It may take arbitrarily long to warm, for clients queue
	// meanwhile. Before ctx has ended it must not return.
	//
	// A Serve with an accept loop of its own must end it when ctx does (close the
	// listener), must not wait for Accept to return, and must serve what it
	// returns late. Its first Accept announces readiness, unless a Load is under way.
	Serve(context.Context, net.Listener) error
}

// Bootstrap takes the endpoint (an inherited listener or, without one, Bind's),
// completes or writes the daemon's record, and only then calls Serve, with a
// context that ends with ctx.
//
// It returns a *BindError, and Serve was not entered; a *ServeError if Serve
// failed, panicked or returned early; or nil after ctx ended and Serve drained.
// A Bind that hangs is left behind, so the process should end then, as Main does.
func Bootstrap[B Contract](ctx context.Context, e Endpoint) error {
	var b B
	env, err := takeEnvironment()
	return start(ctx, e, env, err, methods{b.Bind, b.Serve})
}

// Main is the main function of a daemon. It finds the endpoint (DAEMONRY_ENDPOINT;
// else that of the listener it inherits; else, run by hand, that of the service
// named like the program, in the user's runtime directory), ends the context at SIGTERM
// or SIGINT, and calls Bootstrap. It exits with status 0 after a drain and with 1
// and a line on standard error otherwise. A second SIGINT ends the process
// at once.
func Main[B Contract]() {
	var b B
	err := run(methods{b.Bind, b.Serve})
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", programName(), err)
		os.Exit(1)
	}
	os.Exit(0)
}

// methods are a Contract's, without its type.
type methods struct {
	bind  func(Endpoint) (net.Listener, error)
	serve func(context.Context, net.Listener) error
}
