//go:build unix

package cli

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// hangup returns a channel that is closed when both directions of conn are
// closed: the peer, which has ended its own, has gone altogether, or this side
// ended the other. (A unix socket tells the two apart; of a TCP peer that is
// gone one learns by writing.)
func hangup(conn net.Conn) <-chan struct{} {
	gone := make(chan struct{})
	raw, ok := conn.(syscall.Conn)
	if !ok {
		close(gone)
		return gone
	}
	go func() {
		defer close(gone)
		c, err := raw.SyscallConn()
		if err != nil {
			return
		}
		_ = c.Control(func(fd uintptr) {
			events := []unix.PollFd{{Fd: int32(fd)}} // POLLHUP and POLLERR are always told
			for {
				if _, err := unix.Poll(events, -1); !errors.Is(err, unix.EINTR) {
					return
				}
			}
		})
	}()
	return gone
}
