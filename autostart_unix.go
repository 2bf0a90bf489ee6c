//go:build unix

package daemonry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
	"golang.org/x/sys/unix"
)

const brokerName = "daemonry"

// checkProgram returns an error unless path is absolute and an executable file.
func checkProgram(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s is not an absolute path", path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	}
	if err := unix.Access(path, unix.X_OK); err != nil {
		return &fs.PathError{Op: "execute", Path: path, Err: err}
	}
	return nil
}

// startBroker makes the control socket and starts the broker with it and the
// lock, of both of which only the broker's copies remain. The lock stays the
// caller's to close.
func startBroker(dirs endpoint.Dirs, program string, lock *os.File) error {
	output, err := os.OpenFile(dirs.StartLog(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("cannot start the broker: %w", err)
	}
	defer output.Close()
	control, err := endpoint.ListenUnix(dirs.Control(), endpoint.Backlog())
	if err != nil {
		return fmt.Errorf("cannot start the broker: %w", err)
	}
	defer control.Close()
	if err := spawn(program, output, control, lock); err != nil {
		os.Remove(dirs.Control())
		return fmt.Errorf("cannot start the broker %s: %w", program, err)
	}
	return nil
}

// spawn starts the program as nobody's child: the shell that is its parent ends
// at once and is reaped here, so that this process gets no SIGCHLD or zombie
// later. Session, directory and descriptors 0 to 4 are its own; the broker
// closes whatever else this process let its children inherit.
func spawn(program string, output *os.File, control *endpoint.Listener, lock *os.File) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	const shell = "/bin/sh"
	pid, err := syscall.ForkExec(shell, []string{shell, "-c", `"$@" &`, "sh", program, "broker"}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   brokerEnv(os.Environ()),
		Files: []uintptr{null.Fd(), output.Fd(), output.Fd(), uintptr(control.FD()), lock.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", shell, err)
	}
	return reap(pid)
}

// reap waits for the shell. ECHILD is fine: a program that ignores SIGCHLD, or
// reaps every child as an init does, has done it already.
func reap(pid int) error {
	var status syscall.WaitStatus
	for {
		switch _, err := syscall.Wait4(pid, &status, 0, nil); {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ECHILD):
			return nil
		case err != nil:
			return err
		case status.Signaled():
			return fmt.Errorf("the shell that starts it was killed by %s", status.Signal())
		case status.ExitStatus() != 0:
			return fmt.Errorf("the shell that starts it exited with status %d", status.ExitStatus())
		}
		return nil
	}
}
