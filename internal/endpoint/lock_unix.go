//go:build unix

package endpoint

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockAttempts bounds how often TryLock follows a path that is being replaced.
const lockAttempts = 10

func tryLock(path string) (*os.File, error) {
	for range lockAttempts {
		f, err := openLock(path)
		if err != nil {
			return nil, err
		}
		same, err := flock(f, path)
		if err == nil && same {
			return f, nil
		}
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, &UnsafeError{path, "it is being replaced again and again"}
}

// openLock opens without waiting for the other end, should it be a FIFO.
func openLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, &UnsafeError{path, "it is a symbolic link, not a lock file"}
	case errors.Is(err, unix.EISDIR):
		return nil, &UnsafeError{path, "it is a directory, not a lock file"}
	case errors.Is(err, unix.ENXIO):
		return nil, &UnsafeError{path, "it is a socket or device, not a lock file"}
	case err != nil:
		return nil, fmt.Errorf("cannot open lock file: %w", err)
	}
	return f, nil
}

// flock locks f, judges it, and reports whether path still names it.
func flock(f *os.File, path string) (same bool, err error) {
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		return false, ErrLocked
	case err != nil:
		return false, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	var held, named unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &held); err != nil {
		return false, fmt.Errorf("cannot look at lock file %s: %w", path, err)
	}
	if uint32(held.Mode)&unix.S_IFMT != unix.S_IFREG {
		return false, &UnsafeError{path, "it is " + kind(uint32(held.Mode)) + ", not a lock file"}
	}
	if int(held.Uid) != os.Geteuid() {
		return false, foreign(path, held.Uid)
	}
	switch err := lstat(path, &named); {
	case errors.Is(err, unix.ENOENT):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot look at lock file %s: %w", path, err)
	}
	return held.Dev == named.Dev && held.Ino == named.Ino, nil
}
