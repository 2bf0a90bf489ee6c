//go:build unix

package broker

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func setUmask(mask int) { syscall.Umask(mask) }

func setCloseOnExec(fd int) { syscall.CloseOnExec(fd) }

func closeFD(fd int) { _ = unix.Close(fd) }

func setNonblock(fd int, on bool) error { return unix.SetNonblock(fd, on) }

func dupFD(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// redirectOutput makes path, opened for append, the process's standard output
// and error.
func redirectOutput(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, fd := range []int{1, 2} {
		if err := dupTo(int(f.Fd()), fd); err != nil {
			return fmt.Errorf("cannot redirect output: %w", err)
		}
	}
	return nil
}

// waitForLock blocks until it has a shared lock on f, in a thread of its own.
func waitForLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_SH)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// signalByName reads "SIGTERM" or "TERM".
func signalByName(name string) (syscall.Signal, bool) {
	if name == "" {
		return 0, false
	}
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	sig := unix.SignalNum(name)
	return sig, sig != 0
}

func signalName(sig syscall.Signal) string { return unix.SignalName(sig) }

func fileInode(path string) (dev, ino uint64, err error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return 0, 0, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	return uint64(st.Dev), st.Ino, nil //nolint:unconvert // int32 on darwin
}
