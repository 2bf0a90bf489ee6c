package sockdiag

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// conn is a netlink socket to the kernel's socket monitor.
type conn struct {
	fd  int
	seq uint32
	buf []byte
}

// bufferSize is twice what the kernel puts into one message of a dump at most
// (32 KiB, see netlink_dump).
const bufferSize = 64 << 10

func dial() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("cannot ask about sockets: %w", os.NewSyscallError("socket", err))
	}
	// The kernel answers within the call; this is for one that does not.
	err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot ask about sockets: %w", os.NewSyscallError("setsockopt", err))
	}
	return &conn{fd: fd, buf: make([]byte, bufferSize)}, nil
}

func (c *conn) close() { unix.Close(c.fd) }

// dump calls each for every unix socket in one of the states, a bit set.
func (c *conn) dump(states, show uint32, each func(entry)) error {
	err := c.request(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, diagRequest{states: states, show: show}.bytes())
	if err != nil {
		return err
	}
	var bad error
	err = c.receive(func(data []byte) {
		e, err := parseEntry(data)
		if err != nil {
			bad = err
			return
		}
		each(e)
	})
	return errors.Join(err, bad)
}

// get asks about the socket with the inode.
func (c *conn) get(ino, show uint32) (entry, error) {
	err := c.request(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_ACK, diagRequest{states: ^uint32(0), ino: ino, show: show}.bytes())
	if err != nil {
		return entry{}, err
	}
	var e entry
	var bad error
	err = c.receive(func(data []byte) { e, bad = parseEntry(data) })
	return e, errors.Join(err, bad)
}

func (c *conn) request(kind, flags uint16, body []byte) error {
	c.seq++
	size := unix.SizeofNlMsghdr + len(body)
	b := make([]byte, 0, size)
	b = binary.NativeEndian.AppendUint32(b, uint32(size))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|flags)
	b = binary.NativeEndian.AppendUint32(b, c.seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // the kernel fills in the port
	if err := unix.Sendto(c.fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("cannot ask about sockets: %w", os.NewSyscallError("sendto", err))
	}
	return nil
}

// receive calls each for the messages of an answer, up to its end: NLMSG_DONE, or
// an NLMSG_ERROR, which is also the acknowledgement.
func (c *conn) receive(each func(data []byte)) error {
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot ask about sockets: %w", os.NewSyscallError("recvfrom", err))
		}
		messages, err := syscall.ParseNetlinkMessage(c.buf[:n])
		if err != nil || len(messages) == 0 {
			return fmt.Errorf("cannot ask about sockets: an answer of %d bytes: %w", n, errors.Join(err, syscall.EBADMSG))
		}
		for _, m := range messages {
			if m.Header.Seq != c.seq {
				continue // of a request that was given up
			}
			switch m.Header.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				return verdict(m.Data)
			case unix.SOCK_DIAG_BY_FAMILY:
				each(m.Data)
			}
		}
	}
}

// verdict reads the number at the end of an answer: 0, or an error's, negated.
func verdict(data []byte) error {
	if len(data) < 4 {
		return nil
	}
	if code := int32(binary.NativeEndian.Uint32(data)); code < 0 {
		return fmt.Errorf("cannot ask about sockets: the kernel: %w", syscall.Errno(-code))
	}
	return nil
}
