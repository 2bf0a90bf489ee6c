// Package watch waits for connections on many listeners without accepting any,
// and without a wake-up for a listener that nobody waits for.
//
// A listener is armed for one event. Once that came, connections do not wake this
// process, however many there are, until it is armed again; what is pending then
// is reported at once. So a daemon that shares the listener serves its
// connections at no cost to the one who watches.
//
// On Linux one epoll instance holds all listeners with EPOLLONESHOT and is itself
// parked on in Go's poller: one goroutine, no thread. On macOS one kqueue has a
// thread of its own (compiled, not run). Windows has no descriptor to watch.
//
// Listeners must be raw descriptors. A net.Listener stays in Go's own poller,
// where every connection to the shared socket is an event.
//
// # Concurrency
//
// All methods may be called from several goroutines, and from the event function,
// except for Close. Events are reported one at a time, by one goroutine: as long
// as the function takes, other events wait. After Disarm or Remove have returned
// no event of that arming begins; one that had begun may still be under way, which
// the token tells. Close returns when the goroutine has ended.
//
// # Errors
//
// After Close all methods give os.ErrClosed. A descriptor that was not added, or
// was added twice, gives an error that wraps fs.ErrNotExist or fs.ErrExist. Where
// a system offers no way, New wraps errors.ErrUnsupported.
package watch
