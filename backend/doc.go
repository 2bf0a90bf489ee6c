// Package backend is for authors of daemons that Daemonry starts. A daemon is a
// type without fields and two methods:
//
//	type hello struct{}
//
//	func main() { backend.Main[hello]() }
//
//	func (hello) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }
//
//	func (hello) Serve(ctx context.Context, l net.Listener) error {
//		greeting := backend.Load(ctx, loadGreeting) // beside the accept loop
//		return backend.ServeConns(ctx, l, func(ctx context.Context, c net.Conn) error {
//			g, err := greeting.Get(ctx) // the first clients wait here, not in front of a closed door
//			if err != nil {
//				return err
//			}
//			_, err = fmt.Fprintln(c, g)
//			return err
//		})
//	}
//
// Bind first, warm later: Bind makes the endpoint and has nothing to hold state
// in, Serve loads, accepts and drains. See Contract for what is promised, and
// Listen, Load, ServeConns, ServeUntil for what helps to keep it.
//
// # How it is started
//
// By Daemonry's broker, or by anything that passes listeners as systemd does
// (LISTEN_FDS): the endpoint exists already and Bind is not called. By Daemonry in
// mode "bind": Bind is called with DAEMONRY_ENDPOINT. By hand: Bind is called
// with DAEMONRY_ENDPOINT if it is set, else with the endpoint that clients of a service
// named like the program dial, and the daemon writes its own record.
// Variables that are meant for this process alone (LISTEN_*, NOTIFY_SOCKET,
// DAEMONRY_ENDPOINT, DAEMONRY_RECORD) are removed from the environment once read,
// so that its children do not take them for theirs. The lock descriptor that Daemonry
// hands down stays inheritable: it vouches for children, too.
//
// Whoever passes NOTIFY_SOCKET is told what the daemon does, in systemd's words: READY
// by Load or the first Accept, STATUS by Status, STOPPING at the end. A broker that
// finds the daemon alive can ask it for its listeners back.
//
// # How it ends
//
// At SIGTERM or SIGINT the context that Serve was given ends. The daemon says
// STOPPING=1, stops accepting, and finishes what it has accepted, for at most
// DrainTimeout. Connections that nobody has accepted stay in the queue for the
// successor. Main then exits with status 0.
//
// # Concurrency
//
// Everything may be called from several goroutines, except that Bootstrap and Main
// are for once in a process. State is shared by all connections: what Load returns
// must be safe for that. Nothing returns before its goroutines have ended, but for
// three that cannot be made to: a Bind past its budget, an Accept that
// the system does not return from, and a loader or handler that ignores its context.
//
// # Errors
//
// *BindError: there is no endpoint, Serve was not entered. *ServeError: Serve
// failed, panicked or returned too early. Main prints either to standard error and
// exits with status 1; a bind failure's kind also goes to the broker.
package backend
