package process

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func descriptor(pid int, socket uint32) (int, error) {
	want := fmt.Sprintf("socket:[%d]", socket)
	found := -1
	err := eachLink(pid, func(fd int, target string) bool {
		if target == want {
			found = fd
		}
		return found < 0
	})
	if err == nil && found < 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return -1, fmt.Errorf("cannot find socket %d in process %d: %w", socket, pid, err)
	}
	return found, nil
}

func sockets(pid int) ([]int, error) {
	var fds []int
	err := eachLink(pid, func(fd int, target string) bool {
		if strings.HasPrefix(target, "socket:[") {
			fds = append(fds, fd)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("cannot list the sockets of process %d: %w", pid, err)
	}
	return fds, nil
}

// eachLink calls each with the descriptors of a process and what they are, until
// it returns false. One that is closed meanwhile is passed over.
func eachLink(pid int, each func(fd int, target string) bool) error {
	dir := "/proc/" + itoa(pid) + "/fd/"
	fds, err := numbers(dir)
	if err != nil {
		return err
	}
	for _, fd := range fds {
		if target, err := os.Readlink(dir + itoa(fd)); err == nil && !each(fd, target) {
			break
		}
	}
	return nil
}

func socketHolders(socket uint32) ([]int, error) {
	pids, err := numbers("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot look for holders of a socket: %w", err)
	}
	var holders []int
	for _, pid := range pids {
		if _, err := descriptor(pid, socket); err == nil {
			holders = append(holders, pid)
		}
	}
	return holders, nil
}

func session(leader int) ([]int, error) {
	pids, err := numbers("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot list a session: %w", err)
	}
	var members []int
	for _, pid := range pids {
		if sid, err := unix.Getsid(pid); err == nil && sid == leader {
			members = append(members, pid)
		}
	}
	return members, nil
}

func executable(pid int) (Program, error) {
	link := "/proc/" + itoa(pid) + "/exe"
	path, err := os.Readlink(link)
	if err != nil {
		return Program{}, fmt.Errorf("cannot tell what process %d executes: %w", pid, err)
	}
	p, err := programAt(link) // the link leads to the file itself, named or not
	p.Path = path
	return p, err
}

func programAt(path string) (Program, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return Program{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return Program{Path: path, Dev: st.Dev, Ino: st.Ino}, nil
}
