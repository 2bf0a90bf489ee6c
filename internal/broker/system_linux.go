package broker

import (
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/process"
)

func dupTo(from, to int) error { return unix.Dup3(from, to, 0) }

// copyDescriptor takes a copy of another process's descriptor: refused under
// Yama and for processes that are not dumpable.
func copyDescriptor(id process.Identity, fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(id.PID, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(pidfd)
	if err := id.Check(); err != nil { // after the open: the pidfd means this process
		return -1, err
	}
	return unix.PidfdGetfd(pidfd, fd, 0)
}
