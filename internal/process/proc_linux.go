package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func usage(pid int) (uint64, time.Duration, error) {
	st, err := readStat(pid)
	if err != nil {
		return 0, 0, missing(pid, err)
	}
	statm, err := os.ReadFile("/proc/" + itoa(pid) + "/statm")
	if err != nil {
		return 0, 0, missing(pid, err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("/proc/%d/statm: %d fields in %q", pid, len(fields), statm)
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64) // resident
	if err != nil {
		return 0, 0, fmt.Errorf("/proc/%d/statm: %w", pid, err)
	}
	return pages * uint64(os.Getpagesize()), st.cpu, nil
}

func command(pid int) string {
	if exe, err := os.Readlink("/proc/" + itoa(pid) + "/exe"); err == nil {
		return exe
	}
	if argv := arguments(pid); len(argv) > 0 {
		return argv[0]
	}
	return ""
}

// arguments returns nil for a zombie and for what cannot be read.
func arguments(pid int) []string {
	b, err := os.ReadFile("/proc/" + itoa(pid) + "/cmdline")
	if err != nil || len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

func holders(dev, ino uint64) ([]int, error) {
	pids, err := numbers("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot look for holders of a file: %w", err)
	}
	var found []int
	for _, pid := range pids {
		if holds(pid, dev, ino) {
			found = append(found, pid)
		}
	}
	return found, nil
}

func holds(pid int, dev, ino uint64) bool {
	dir := "/proc/" + itoa(pid) + "/fd/"
	fds, err := numbers(dir)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(fds, func(fd int) bool {
		var st unix.Statx_t
		// Not stat: of a file on a network that is down it would wait for the server.
		err := unix.Statx(unix.AT_FDCWD, dir+itoa(fd), unix.AT_STATX_DONT_SYNC, unix.STATX_INO, &st)
		return err == nil && st.Ino == ino && unix.Mkdev(st.Dev_major, st.Dev_minor) == dev
	})
}

// numbers returns the entries of a directory that are numbers, in order.
func numbers(dir string) ([]int, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var set []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			set = append(set, n)
		}
	}
	slices.Sort(set)
	return set, nil
}

func closeInherited(keep []int) error {
	fds, err := numbers("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("cannot list the descriptors of this process: %w", err)
	}
	var failed []error
	for _, fd := range fds {
		if fd <= 2 || slices.Contains(keep, fd) {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue // gone again (the listing's own), or somebody's who knows about exec
		}
		// EINTR and EIO too leave it closed, see close(2).
		if err := unix.Close(fd); err != nil && !errors.Is(err, unix.EINTR) {
			failed = append(failed, &fs.PathError{Op: "close", Path: "/proc/self/fd/" + itoa(fd), Err: err})
		}
	}
	return errors.Join(failed...)
}
