package endpoint

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Compiled, not run.

// socket holds the fork lock, for there is no SOCK_CLOEXEC: a fork in between
// would give the descriptor to the child.
// endOfReading: poll on darwin tells by POLLHUP, which is always told. Compiled,
// not run.
const endOfReading = 0

func socket(family int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

func accept(fd int) (int, error) {
	// As in package net: the fork lock is not held, since accept may wait.
	conn, _, err := unix.Accept(fd)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(conn)
	return conn, unix.SetNonblock(conn, false) // it inherits the listener's mode
}

// bindPrivate sets the mode after bind, for macOS refuses fchmod on a socket.
// Until then the directory's mode keeps others out.
func bindPrivate(fd int, path string) error {
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

func systemBacklog() int {
	n, err := unix.SysctlUint32("kern.ipc.somaxconn")
	if err != nil || n == 0 {
		return 128
	}
	return int(n)
}
