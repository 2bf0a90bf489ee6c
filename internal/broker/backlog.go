package broker

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// backlogs is what the kernel said of all sockets in one look.
type backlogs struct {
	listeners   sockdiag.Table
	connections map[sockdiag.Inode]uint32
}

// lookAtBacklogs asks the kernel once. What it does not tell stays unknown.
func lookAtBacklogs() backlogs {
	var b backlogs
	b.listeners, _ = sockdiag.Listeners()
	b.connections, _ = sockdiag.Connections()
	return b
}

// of returns how many connections wait on a listener and how many are open;
// nil: unknown.
func (b backlogs) of(l *endpoint.Listener) (pending, connections *uint32) {
	if l.Network() != "unix" {
		if n, err := sockdiag.TCPPending(l.FD()); err == nil {
			pending = &n
		}
		return pending, nil
	}
	key, err := sockdiag.Of(l.FD())
	if err != nil {
		return nil, nil
	}
	if s, ok := b.listeners[key]; ok {
		n := s.Pending
		pending = &n
	}
	if b.connections != nil {
		n := b.connections[key]
		connections = &n
	}
	return pending, connections
}

// endpointQueue tells whether a connection was taken between two looks: the
// listener was readable and is not any more, or another connection is at the
// head of the queue.
type endpointQueue struct {
	waited bool
	head   uint64
}

// came: one is known to have come since the last look.
func (q *endpointQueue) look(listeners []*endpoint.Listener, came bool) (taken bool) {
	if !anyReadable(listeners) {
		taken, q.waited = q.waited || came, false
		return taken
	}
	head := headOf(listeners[0])
	taken = q.waited && q.head != 0 && head != 0 && head != q.head
	q.waited, q.head = true, head
	return taken
}

// anyReadable reports whether a connection waits on one of them.
func anyReadable(listeners []*endpoint.Listener) bool {
	return slices.ContainsFunc(listeners, func(l *endpoint.Listener) bool {
		readable, err := l.Readable()
		return err == nil && readable
	})
}

// headOf is the oldest connection that waits; 0: unknown.
func headOf(l *endpoint.Listener) uint64 {
	table, err := sockdiag.Listeners()
	if err != nil {
		return 0
	}
	key, err := sockdiag.Of(l.FD())
	if err != nil {
		return 0
	}
	return table[key].Head
}

// knock makes one connection for a daemon whose readiness is that it takes
// one, when somebody waits for it without being a client. It is closed, with
// no byte sent, when the returned function is called.
func (u *unit) knock(ctx context.Context) (stop func()) {
	u.mu.Lock()
	ready := u.def.Service.Ready
	l := u.defaultListenerLocked()
	needed := ready == daemonry.ReadyAccept || ready == daemonry.ReadyAuto || ready == ""
	u.mu.Unlock()
	if !needed || l == nil {
		return func() {}
	}
	var d net.Dialer
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := d.DialContext(ctx, l.Network(), l.Address())
	if err != nil {
		return func() {}
	}
	return func() { conn.Close() }
}

// defaultListenerLocked is the one that the endpoint names.
func (u *unit) defaultListenerLocked() *endpoint.Listener {
	if len(u.listeners) == 0 {
		return nil
	}
	return u.listeners[0]
}
