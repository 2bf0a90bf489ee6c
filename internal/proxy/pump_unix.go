//go:build unix

package proxy

import (
	"errors"

	"golang.org/x/sys/unix"
)

// read waits for bytes and returns them in a buffer for the caller to give back;
// none and no error: src has ended. While it waits it has no buffer.
func (p *Pump) read(src Stream) (buffer *[bufferSize]byte, n int, err error) {
	raw, err := src.SyscallConn()
	if err != nil {
		return nil, 0, err
	}
	var rerr error
	err = raw.Read(func(fd uintptr) bool {
		buffer = p.buffer()
		n, rerr = readOnce(int(fd), buffer[:])
		if n <= 0 {
			p.buffers.Put(buffer)
			n = 0
		}
		return !errors.Is(rerr, unix.EAGAIN)
	})
	if err == nil {
		err = rerr
	}
	return buffer, n, err
}

func readOnce(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// awaitHangUp waits until the other side of a connection that has ended in one
// direction is gone altogether, and reports whether it came to that; the
// connection may also be closed here. Of TCP the kernel does not tell.
func awaitHangUp(c Stream) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	return raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd)}} // POLLHUP and POLLERR are always told
		n, err := unix.Poll(fds, 0)
		return err == nil && n > 0
	}) == nil
}
