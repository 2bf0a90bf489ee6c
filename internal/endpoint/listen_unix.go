//go:build unix

package endpoint

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

func listenUnix(path string, backlog int) (*Listener, error) {
	if !filepath.IsAbs(path) { // also keeps out "@…", the abstract name space that everybody reaches
		return nil, &UnsafeError{path, "a socket needs an absolute path"}
	}
	if err := CheckLen(path); err != nil {
		return nil, err
	}
	fd, err := socket(unix.AF_UNIX)
	if err != nil {
		return nil, fmt.Errorf("cannot make a socket for %s: %w", path, err)
	}
	if err := bindPrivate(fd, path); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot bind %s: %w", path, err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		unix.Close(fd)
		os.Remove(path)
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	return newListener(fd, "unix", path), nil
}

func listenTCP(address string, backlog int) (*Listener, error) {
	to, err := loopback(address)
	if err != nil {
		return nil, err
	}
	family, sockaddr := inet(to)
	fd, err := socket(family)
	if err != nil {
		return nil, fmt.Errorf("cannot make a socket for %s: %w", address, err)
	}
	if err := errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.Bind(fd, sockaddr)); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot bind %s: %w", address, err)
	}
	if err := unix.Listen(fd, backlog); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	_, bound, err := name(fd) // port 0 has become a number
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("cannot find out where %s was bound: %w", address, err)
	}
	return newListener(fd, "tcp", bound), nil
}

// inet has IPv4 for a mapped address, as package net does.
func inet(to netip.AddrPort) (family int, sockaddr unix.Sockaddr) {
	if addr := to.Addr().Unmap(); addr.Is4() {
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Port()), Addr: addr.As4()}
	}
	return unix.AF_INET6, &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}

func fromFD(fd int) (*Listener, error) {
	if accepting, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil {
		return nil, fmt.Errorf("descriptor %d is not a socket: %w", fd, err)
	} else if accepting == 0 {
		return nil, fmt.Errorf("descriptor %d is a socket that does not listen", fd)
	}
	if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_STREAM {
		return nil, fmt.Errorf("descriptor %d is not a stream socket (type %d): %w", fd, kind, errors.Join(err, unix.EPROTOTYPE))
	}
	network, address, err := name(fd)
	if err != nil {
		return nil, fmt.Errorf("cannot use the listener on descriptor %d: %w", fd, err)
	}
	unix.CloseOnExec(fd)
	return newListener(fd, network, address), nil
}

// name returns the network and the address that a socket is bound to.
func name(fd int) (network, address string, err error) {
	sockaddr, err := unix.Getsockname(fd)
	if err != nil {
		return "", "", err
	}
	switch a := sockaddr.(type) {
	case *unix.SockaddrUnix:
		return "unix", a.Name, nil
	case *unix.SockaddrInet4:
		address = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		address = netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String()
	default:
		return "", "", net.UnknownNetworkError(fmt.Sprintf("%T", sockaddr))
	}
	_, err = loopback(address)
	return "tcp", address, err
}

// Close closes the descriptor. The socket file stays: its path belongs to
// whoever holds the lock of the place. A second Close does nothing.
func (l *Listener) Close() error {
	fd := l.fd.Swap(-1)
	if fd < 0 {
		return nil
	}
	return unix.Close(int(fd))
}

// Relisten calls listen again, which gives the shared socket this backlog:
// daemons call listen with small ones of their own.
func (l *Listener) Relisten(backlog int) error {
	if err := unix.Listen(l.FD(), backlog); err != nil {
		return fmt.Errorf("cannot listen on %s again: %w", l.address, err)
	}
	return nil
}

// SetNonblock sets or clears O_NONBLOCK, for everybody who shares the socket.
func (l *Listener) SetNonblock(on bool) error {
	if err := unix.SetNonblock(l.FD(), on); err != nil {
		return fmt.Errorf("cannot change the mode of %s: %w", l.address, err)
	}
	return nil
}

// Readable reports whether a connection waits to be accepted, without waiting.
func (l *Listener) Readable() (bool, error) {
	fds := []unix.PollFd{{Fd: int32(l.FD()), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false, fmt.Errorf("cannot poll %s: %w", l.address, err)
		case fds[0].Fd < 0 || fds[0].Revents&unix.POLLNVAL != 0:
			return false, fmt.Errorf("cannot poll %s: %w", l.address, net.ErrClosed)
		}
		return fds[0].Revents&unix.POLLIN != 0, nil
	}
}

// Dead reports whether somebody has called shutdown on the socket: it refuses new
// connections and never takes any again, though it is open.
func (l *Listener) Dead() bool {
	fds := []unix.PollFd{{Fd: int32(l.FD()), Events: endOfReading}} // POLLHUP and POLLNVAL are always told
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}

// Accept takes one connection and returns its descriptor, blocking and
// close-on-exec, which the caller owns. It is for draining a queue: it waits if
// there is nothing and O_NONBLOCK is clear (ask Readable first), and returns
// EAGAIN if O_NONBLOCK is set.
func (l *Listener) Accept() (int, error) {
	for {
		fd, err := accept(l.FD())
		switch {
		case err == nil:
			return fd, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
			continue
		}
		return -1, fmt.Errorf("cannot accept on %s: %w", l.address, err)
	}
}

// Inode returns the socket's own device and inode, which sock_diag and
// /proc/PID/fd show, not those of its path; both are 0 after Close. PathInode
// has the path's.
func (l *Listener) Inode() (dev, ino uint64) {
	var st unix.Stat_t
	if err := unix.Fstat(l.FD(), &st); err != nil {
		return 0, 0
	}
	return uint64(st.Dev), st.Ino
}

// PathInode returns the device and inode of what is at path, a symbolic link not
// followed: a bound unix socket keeps them over rename and unlink.
func PathInode(path string) (dev, ino uint64, err error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return 0, 0, fmt.Errorf("cannot look at %s: %w", path, err)
	}
	return uint64(st.Dev), st.Ino, nil
}
