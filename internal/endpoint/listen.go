package endpoint

import "sync/atomic"

// A Listener is a listening socket as a raw descriptor that its holder owns. It
// is never in Go's poller: broker and daemons share its open file description,
// and with it O_NONBLOCK, which the poller would set behind everybody's back.
// The descriptor is close-on-exec.
type Listener struct {
	fd      atomic.Int64 // -1 once closed
	network string
	address string
	moved   bool // it was bound to another path
}

// ListenUnix makes a stream socket, binds it to path and listens. The socket
// file's mode is 0600 from its first moment, whatever the umask. EADDRINUSE is
// reported as it is: see RemoveStale. backlog is in connections, see Backlog.
func ListenUnix(path string, backlog int) (*Listener, error) { return listenUnix(path, backlog) }

// ListenTCP listens on a literal loopback address and port, "127.0.0.1:4226" or
// "[::1]:0", with SO_REUSEADDR. Anything else is an *UnsafeError: other machines
// could reach it. Other users of this machine can, whatever is done here.
func ListenTCP(address string, backlog int) (*Listener, error) { return listenTCP(address, backlog) }

// FromFD takes over a descriptor that must be a listening stream socket, unix or
// loopback TCP, and makes it close-on-exec. After an error fd is still the
// caller's.
func FromFD(fd int) (*Listener, error) { return fromFD(fd) }

// Backlog returns the greatest backlog worth asking for: the system's limit, at
// most 4096.
func Backlog() int { return min(4096, systemBacklog()) }

func newListener(fd int, network, address string) *Listener {
	l := &Listener{network: network, address: address}
	l.fd.Store(int64(fd))
	return l
}

// FD returns the descriptor, which stays the Listener's, or -1 after Close.
func (l *Listener) FD() int { return int(l.fd.Load()) }

// Network returns "unix" or "tcp".
func (l *Listener) Network() string { return l.network }

// Address returns the path or the host and port it was bound to. A path may
// have been renamed or removed since.
func (l *Listener) Address() string { return l.address }

// Moved returns l as a listener whose path is to from now on, after Rename. It is
// for a listener that nobody else uses yet.
func (l *Listener) Moved(to string) *Listener {
	l.address, l.moved = to, true
	return l
}

// HasMoved reports whether the path is another than that which getsockname gives,
// by which some daemons recognise what they inherit.
func (l *Listener) HasMoved() bool { return l.moved }
