//go:build unix

package backend

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
)

func errPipes() error { return fmt.Errorf("named pipes are Windows': %w", errors.ErrUnsupported) }

// toNet makes a Go listener of a raw one, which stays as it is. The descriptor is
// duplicated and set to O_NONBLOCK for all who share it, which Go's poller needs and
// others have to bear (docs/PROTOCOL.md says so); nothing here ever clears it.
func toNet(raw *endpoint.Listener) (net.Listener, error) {
	fd, err := unix.FcntlInt(uintptr(raw.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), raw.Address())
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // the path is not ours alone
	}
	return l, nil
}

// listening reports whether the kernel says that l listens. A listener that hides
// its socket cannot be asked.
func listening(l net.Listener) error {
	s, ok := l.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	accepting, asked := 0, error(nil)
	if err := raw.Control(func(fd uintptr) {
		accepting, asked = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	}); err != nil {
		return err
	}
	if asked != nil {
		return os.NewSyscallError("getsockopt", asked)
	}
	if accepting == 0 {
		return errors.New("the socket that Bind returned does not listen")
	}
	return nil
}
