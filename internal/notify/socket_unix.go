//go:build unix

package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func listen(path string) (*net.UnixConn, error) {
	cfg := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		// Before bind: the path must never be seen with another mode, nor a
		// message arrive without its sender.
		return onDescriptor(raw, func(fd int) error {
			return errors.Join(unix.Fchmod(fd, 0o600), enableCredentials(fd))
		})
	}}
	conn, err := cfg.ListenPacket(context.Background(), "unixgram", path)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}

func passCredentials(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return onDescriptor(raw, enableCredentials)
}

func onDescriptor(raw syscall.RawConn, f func(fd int) error) (err error) {
	if cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

// clearStale removes a socket of ours that nobody reads, and only that.
func clearStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("cannot listen at %s: it is not a socket (%s), left alone", path, info.Mode())
	case info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid()):
		return fmt.Errorf("cannot listen at %s: the socket there belongs to another user, left alone", path)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		return errors.Join(&net.OpError{Op: "listen", Net: "unixgram", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}, conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

func truncated(flags int) bool { return flags&unix.MSG_TRUNC != 0 }

func closeAll(files []int) {
	for _, fd := range files {
		_ = unix.Close(fd) // nobody is left to tell
	}
}
