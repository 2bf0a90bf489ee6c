package sockdiag

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// States of sockets, from the kernel's tcp_states.h; unix sockets use them too.
const (
	established = 1
	listen      = 10
)

func listeners() (Table, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	defer c.close()
	table := Table{}
	waiting := false
	// First without the lists of clients: a dump ends, without a word, at an entry
	// that does not fit into a message, and somebody's queue may be that long. The
	// first answer also has the kernel learn the size of our buffer: before, it
	// packs dumps into a page, which 1,000 clients would fill.
	err = c.dump(1<<listen, showVFS|showQueue, func(e entry) {
		if e.bound {
			table[e.file] = Socket{Own: e.ino, Pending: e.pending}
			waiting = waiting || e.pending > 0
		}
	})
	if err != nil || !waiting {
		return table, err
	}
	err = c.dump(1<<listen, showVFS|showQueue|showClients, func(e entry) {
		if e.bound {
			table[e.file] = e.socket()
		}
	})
	return table, err
}

// socket returns an entry that has a list of clients.
func (e entry) socket() Socket {
	s := Socket{Own: e.ino, Pending: e.pending, Icons: e.clients}
	for _, ino := range e.clients {
		if ino != 0 {
			s.Head = uint64(ino)
			break
		}
	}
	return s
}

func connections() (map[Inode]uint32, error) {
	c, err := dial()
	if err != nil {
		return nil, err
	}
	defer c.close()
	counts := map[Inode]uint32{}
	err = c.dump(1<<established, showVFS, func(e entry) {
		// A socket gets its own inode when it is accepted; kernels leave out those
		// that have none. A connected datagram socket has a file of its own, and is
		// no connection.
		if e.bound && e.ino != 0 && e.kind != unix.SOCK_DGRAM {
			counts[e.file]++
		}
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

func of(fd int) (Inode, error) {
	file, err := boundTo(fd)
	if err != nil {
		return Inode{}, fmt.Errorf("cannot tell the file of socket %d: %w", fd, err)
	}
	return file, nil
}

func boundTo(fd int) (Inode, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Inode{}, os.NewSyscallError("fstat", err)
	}
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return Inode{}, os.NewSyscallError("getsockopt", err)
	}
	if domain != unix.AF_UNIX {
		return Inode{}, errors.New("not a unix socket")
	}
	c, err := dial()
	if err != nil {
		return Inode{}, err
	}
	defer c.close()
	e, err := c.get(uint32(st.Ino), showVFS)
	if err == nil && !e.bound {
		err = errors.New("it was not bound to a file")
	}
	return e.file, err
}

func ofPath(path string) (Inode, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return Inode{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return Inode{}, &fs.PathError{Op: "lstat", Path: path, Err: errors.New("not a socket")}
	}
	return Inode{Dev: uint64(st.Dev), Ino: uint32(st.Ino)}, nil
}

// tcpPending relies on what tcp_get_info puts into these fields for a listener:
// the length of the accept queue, and its limit in Sacked.
func tcpPending(fd int) (uint32, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, fmt.Errorf("cannot tell the queue of socket %d: %w", fd, os.NewSyscallError("getsockopt", err))
	}
	if info.State != listen {
		return 0, fmt.Errorf("cannot tell the queue of socket %d: it is not listening", fd)
	}
	return info.Unacked, nil
}
