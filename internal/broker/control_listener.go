package broker

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// controlListener accepts from a listener that may be replaced while it is
// used, and hands on only connections of this user (P13).
type controlListener struct {
	mu     sync.Mutex // guards current and closed
	now    net.Listener
	closed bool
}

func newControlListener(l net.Listener) *controlListener { return &controlListener{now: l} }

func (c *controlListener) current() (net.Listener, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, net.ErrClosed
	}
	return c.now, nil
}

// replace goes on with l; the old listener's queue is reset, and its clients
// start over.
func (c *controlListener) replace(l net.Listener) {
	c.mu.Lock()
	old := c.now
	c.now = l
	c.mu.Unlock()
	old.Close()
}

// Accept implements net.Listener.
func (c *controlListener) Accept() (net.Conn, error) {
	for {
		l, err := c.current()
		if err != nil {
			return nil, err
		}
		conn, err := l.Accept()
		if err != nil {
			if next, cerr := c.current(); cerr == nil && next != l && errors.Is(err, net.ErrClosed) {
				continue
			}
			return nil, fmt.Errorf("cannot accept on the control socket: %w", err)
		}
		if sc, ok := conn.(syscall.Conn); !ok || endpoint.CheckPeer(sc) != nil {
			conn.Close()
			continue
		}
		return conn, nil
	}
}

// Close implements net.Listener.
func (c *controlListener) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	return c.now.Close()
}

// Addr implements net.Listener.
func (c *controlListener) Addr() net.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Addr()
}
