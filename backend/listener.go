package backend

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

const (
	// queueGrace is how long a daemon that holds the only copy of its listener
	// goes on taking what is queued once it is told to stop.
	queueGrace = 20 * time.Millisecond
	// acceptGrace is how long anybody waits for an Accept to return once its
	// listener is closed. Another holder of the same socket may have cleared
	// O_NONBLOCK, and then it returns with the next client or never.
	acceptGrace = 100 * time.Millisecond
)

// listener is what Listen returns and what a daemon inherits: a listener that
// lets in nobody but its owner's processes, never hangs in Close, and knows how to
// stop without losing anybody.
//
// A listener is shared with the broker, or its own (the only copy). Of a shared
// one, what is queued belongs to the successor; of one's own, to nobody else.
type listener struct {
	net.Listener // *net.UnixListener or *net.TCPListener
	// raw is the descriptor as it was made or inherited. It keeps its number, where an
	// adopting broker looks for it, and stays out of Go's poller.
	raw       *endpoint.Listener
	shared    bool
	unpublish func() // takes the path away, where that is ours to do; may be nil
	begin     func() // told of the first Accept; may be nil

	beginOnce sync.Once
	draining  atomic.Bool
	closeOnce sync.Once
	closed    error
}

// Listen makes the listening socket of an endpoint, with mode 0600 and the
// system's largest backlog (at most 4096). It does no more than that: it removes
// nothing that is in the way. Processes of other users are not let in. Named pipes
// are not offered yet (the error wraps errors.ErrUnsupported: compiled, not run).
//
// Its error is a *BindError.
func Listen(e Endpoint) (net.Listener, error) {
	raw, err := listenRaw(e)
	if err != nil {
		return nil, withHolder(asBindError(e, err))
	}
	l, err := newListener(raw, false)
	if err != nil {
		return nil, asBindError(e, err)
	}
	return l, nil
}

func newListener(raw *endpoint.Listener, shared bool) (*listener, error) {
	l, err := toNet(raw)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return &listener{Listener: l, raw: raw, shared: shared}, nil
}

func listenRaw(e Endpoint) (*endpoint.Listener, error) {
	switch e.network {
	case "unix":
		return endpoint.ListenUnix(e.address, endpoint.Backlog())
	case "tcp":
		return endpoint.ListenTCP(e.address, endpoint.Backlog())
	case "pipe":
		return nil, errPipes()
	}
	return nil, &BindError{Kind: KindInvalidEndpoint, Err: errors.New("there is none")}
}

// Accept waits for the next client of our own uid. After the listener was closed
// it may still return one that the system had already handed out.
func (l *listener) Accept() (net.Conn, error) {
	if l.begin != nil {
		l.beginOnce.Do(l.begin)
	}
	for {
		c, err := l.Listener.Accept()
		if err != nil && l.draining.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, net.ErrClosed // the queue is empty
		}
		if err != nil {
			return nil, err
		}
		if u, ok := c.(*net.UnixConn); !ok || endpoint.CheckPeer(u) == nil {
			return c, nil
		}
		c.Close()
	}
}

// Close closes our copy of the socket and waits for Accept at most acceptGrace.
// It never removes the path of a listener that was inherited.
func (l *listener) Close() error {
	l.closeOnce.Do(func() {
		l.hide()
		done := make(chan error, 1)
		go func() { done <- l.Listener.Close() }()
		select {
		case l.closed = <-done:
		case <-time.After(acceptGrace):
		}
		l.closed = errors.Join(l.closed, l.raw.Close())
	})
	return l.closed
}

// drain ends accepting: of a shared listener at once, of our own when nothing is
// queued any more.
func (l *listener) drain() {
	if l.shared {
		_ = l.Close()
		return
	}
	l.hide()
	l.draining.Store(true)
	if d, ok := l.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(time.Now().Add(queueGrace)) // fails if closed: as well
	}
}

// hide makes new clients look elsewhere.
func (l *listener) hide() {
	if l.unpublish != nil {
		l.unpublish()
	}
}

// SyscallConn returns the socket, for looking at it. Its O_NONBLOCK is shared with
// other processes and is not to be cleared.
func (l *listener) SyscallConn() (syscall.RawConn, error) {
	return l.Listener.(syscall.Conn).SyscallConn()
}

// stopAccepting ends the Accept of any listener, ours or one that wraps it.
func stopAccepting(l net.Listener) {
	if own, ok := l.(*listener); ok {
		own.drain()
		return
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = l.Close() }()
	select {
	case <-done:
	case <-time.After(acceptGrace):
	}
}

// A Listener is one of the listeners that a daemon has.
type Listener struct {
	Name string // as in the definition; "unknown" if the starter gave no names
	net.Listener
}

// Listeners returns all listeners of the daemon whose Serve was given ctx, in the
// order of the definition. The first is the one that Serve was given too. They are
// closed when Serve returns.
func Listeners(ctx context.Context) []Listener {
	if s := sessionOf(ctx); s != nil {
		return append([]Listener(nil), s.listeners...)
	}
	return nil
}
