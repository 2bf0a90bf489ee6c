package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func identityOf(pid int) (Identity, error) {
	id, err := here()
	if err != nil {
		return Identity{}, err
	}
	st, err := readStat(pid)
	if err != nil {
		return Identity{}, missing(pid, err)
	}
	id.PID, id.Start = pid, st.start
	return id, nil
}

func check(id Identity) error {
	h, err := here()
	if err != nil {
		return err
	}
	switch {
	case id.Boot != h.Boot:
		return &NotSameError{id.PID, OtherBoot}
	case id.PIDNS != h.PIDNS:
		return &NotSameError{id.PID, OtherNamespace}
	}
	st, err := readStat(id.PID)
	switch {
	case err != nil:
		return missing(id.PID, err)
	case st.start != id.Start:
		return &NotSameError{id.PID, Recycled}
	case st.dead():
		return &NotSameError{id.PID, Zombie}
	}
	return nil
}

// here returns what is the same for all processes that this one can see.
func here() (Identity, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Identity{}, fmt.Errorf("cannot tell this boot: %w", err)
	}
	var ns unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &ns); err != nil {
		return Identity{}, fmt.Errorf("cannot tell this pid namespace: %w", &fs.PathError{Op: "stat", Path: "/proc/self/ns/pid", Err: err})
	}
	// A /proc of another namespace would have other numbers in it.
	if self, err := os.Readlink("/proc/self"); err != nil || self != itoa(os.Getpid()) {
		return Identity{}, fmt.Errorf("cannot identify processes: /proc belongs to another pid namespace (%q, %v)", self, err)
	}
	return Identity{Boot: strings.TrimSpace(string(boot)), PIDNS: ns.Ino}, nil
}

// missing turns the failure to read /proc/PID/stat into a verdict, or into an
// error if there is none: with hidepid a process of another user is not to be
// seen, but a signal to it is refused with EPERM and not with ESRCH.
func missing(pid int, err error) error {
	absent := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
	if absent && (pid <= 0 || unix.Kill(pid, 0) == unix.ESRCH) {
		return &NotSameError{pid, Gone}
	}
	if absent {
		// It may have come between the two looks; whoever asks again will know.
		return fmt.Errorf("cannot identify process %d: it exists but /proc hides it: %w", pid, err)
	}
	return fmt.Errorf("cannot identify process %d: %w", pid, err)
}
