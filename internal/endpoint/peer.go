package endpoint

import (
	"fmt"
	"syscall"
)

// A Peer is who the kernel says is on the other side of a unix socket. For a
// client that is whoever called listen last, broker or daemon, so that only the
// uid means anything; for a server it is the process that called connect.
type Peer struct {
	PID int // 0 if it is in a pid namespace that cannot be seen from here
	UID uint32
}

// PeerOf asks the kernel for the other side of a unix stream connection.
func PeerOf(c syscall.Conn) (Peer, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return Peer{}, fmt.Errorf("cannot find out the peer: %w", err)
	}
	var asked struct {
		peer Peer
		err  error
	}
	if err := raw.Control(func(fd uintptr) { asked.peer, asked.err = PeerOfFD(int(fd)) }); err != nil {
		return Peer{}, fmt.Errorf("cannot find out the peer: %w", err)
	}
	return asked.peer, asked.err
}

// PeerOfFD is PeerOf for a raw descriptor, which stays the caller's.
func PeerOfFD(fd int) (Peer, error) {
	p, err := peerOf(fd)
	if err != nil {
		return Peer{}, fmt.Errorf("cannot find out the peer: %w", err)
	}
	return p, nil
}

// CheckPeer returns an *UnsafeError unless the other side of a unix stream
// connection has the caller's effective uid.
func CheckPeer(c syscall.Conn) error {
	p, err := PeerOf(c)
	if err != nil {
		return err
	}
	return judgePeer(p)
}
