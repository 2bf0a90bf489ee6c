//go:build unix

package store

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// acquire takes the directory's lock. The kernel gives it back however the
// process ends. While another process has it, acquire waits: after SIGKILL for
// a moment, beside a daemon that is draining until that has ended.
func acquire(ctx context.Context, path string, progress func(string)) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if !errors.Is(err, unix.EWOULDBLOCK) {
		f.Close()
		return nil, os.NewSyscallError("flock", err)
	}
	progress("waiting for another process to let go of the store")
	return wait(ctx, f)
}

// wait blocks in flock on a goroutine of its own: the call cannot be interrupted,
// so if ctx ends first the goroutine closes the file when it gets its turn.
func wait(ctx context.Context, f *os.File) (*os.File, error) {
	locked := make(chan error)
	go func() {
		err := flock(int(f.Fd()))
		select {
		case locked <- err:
		case <-ctx.Done():
			f.Close()
		}
	}()
	select {
	case err := <-locked:
		if err != nil {
			f.Close()
			return nil, err
		}
		return f, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func flock(fd int) error {
	for {
		err := unix.Flock(fd, unix.LOCK_EX)
		if err != unix.EINTR {
			return os.NewSyscallError("flock", err)
		}
	}
}
