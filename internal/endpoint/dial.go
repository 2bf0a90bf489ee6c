package endpoint

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"time"
)

// Dial connects to an endpoint: network "unix" with an absolute path, or "tcp"
// with a literal loopback address. The result is a *net.UnixConn or
// *net.TCPConn.
//
// On unix it verifies the path's directory before and the peer's uid after it
// connects, and returns an *UnsafeError if either is another's. If the backlog
// is full it tries again, with jitter, until ctx ends; then the error wraps
// ctx.Err(). ENOENT and ECONNREFUSED are returned at once. For TCP there is
// nothing to check: another user of the machine may have taken the port.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "unix":
		return dialUnix(ctx, address)
	case "tcp":
		return dialTCP(ctx, address)
	}
	return nil, fmt.Errorf("cannot dial %s over %s: %w", address, network, errors.ErrUnsupported)
}

// dialUnix is the warm path: one connect(2), and a look at the directory before
// and the peer after it.
func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	if err := verifyParent(path); err != nil {
		return nil, err
	}
	if err := CheckLen(path); err != nil {
		return nil, err
	}
	conn, err := connectFull(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := CheckPeer(conn); err != nil {
		conn.Close()
		if unsafe, ok := errors.AsType[*UnsafeError](err); ok {
			unsafe.Path = path
		}
		return nil, err
	}
	return conn, nil
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	if _, err := loopback(address); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// connectFull connects to a unix socket, and waits where its backlog is full.
// Nothing tells when there is room again (a blocking connect would be told, at
// the price of a thread for each), hence the jitter.
func connectFull(ctx context.Context, path string) (*net.UnixConn, error) {
	to := net.UnixAddr{Name: path, Net: "unix"}
	var pause Backoff
	for {
		conn, err := new(net.Dialer).DialUnix(ctx, "unix", nil, &to)
		if err == nil || !backlogFull(err) {
			return conn, err
		}
		if ctxErr := pause.Wait(ctx); ctxErr != nil {
			return nil, fmt.Errorf("the backlog of %s stayed full: %w", path, errors.Join(ctxErr, err))
		}
	}
}

func verifyParent(path string) error {
	if !filepath.IsAbs(path) {
		return &UnsafeError{path, "a socket needs an absolute path"}
	}
	return VerifyDir(filepath.Dir(path))
}

// firstPause and lastPause bound the pauses of a Backoff.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 20 * time.Millisecond
)

// A Backoff spaces attempts where nothing announces that another makes sense.
// The zero value is ready to use; it is for one goroutine.
type Backoff struct {
	ceiling time.Duration
}

// Wait pauses for a random time of at least 1 ms, below 2 ms at first and below
// 20 ms in the end. It returns ctx.Err() if ctx ends first.
func (b *Backoff) Wait(ctx context.Context) error {
	b.ceiling = min(max(2*b.ceiling, firstPause), lastPause)
	timer := time.NewTimer(time.Millisecond + rand.N(b.ceiling-time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loopback reads a literal loopback address. Names are not looked up: what
// "localhost" means is up to a file.
func loopback(address string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return to, fmt.Errorf("%q is not a literal address and port such as 127.0.0.1:4226: %w", address, err)
	}
	if !to.Addr().Unmap().IsLoopback() {
		return to, &UnsafeError{address, "it is not a loopback address, other machines could reach it"}
	}
	return to, nil
}
