package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func still(processes []Process) (string, error) {
	for _, p := range processes {
		switch why, err := stillOf(p.PID); {
		case gone(err):
		case err != nil:
			return "", fmt.Errorf("cannot tell whether process %d was stopped: %w", p.PID, err)
		case why != "":
			return why, nil
		}
	}
	return "", nil
}

func stillOf(pid int) (string, error) {
	tracer, err := field(procDir(pid)+"/status", "TracerPid")
	if err != nil {
		return "", err
	}
	s, err := readStat(procDir(pid))
	switch {
	case err != nil:
		return "", err
	case s.state == 't':
		return "stopped by a debugger", nil
	case tracer != "0":
		return "being debugged", nil
	case s.state == 'T':
		return "stopped by a signal", nil
	}
	cgroups, err := os.ReadFile(procDir(pid) + "/cgroup")
	if err != nil {
		return "", err
	}
	if frozen(string(cgroups), cgroupRoot) {
		return "frozen with its control group", nil
	}
	return "", nil
}

// cgroupRoot is where every system mounts its control groups, see
// file-hierarchy(7).
const cgroupRoot = "/sys/fs/cgroup"

// frozen reads what cgroups(7) calls cgroup.events, which tells of parents too,
// and freezer.state of version 1. Threads of a frozen process are in state D like
// those that wait for a disk, so that only the group tells. A group that cannot
// be found is not frozen: it is one outside of this container.
func frozen(cgroups, root string) bool {
	for line := range strings.Lines(strings.TrimSpace(cgroups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		path := filepath.Clean("/" + parts[2])
		switch {
		case parts[1] == "" && (holds(filepath.Join(root, path, "cgroup.events"), "frozen 1") ||
			holds(filepath.Join(root, "unified", path, "cgroup.events"), "frozen 1")):
			return true
		case parts[1] == "freezer" && (holds(filepath.Join(root, "freezer", path, "freezer.state"), "FROZEN") ||
			holds(filepath.Join(root, "freezer", path, "freezer.state"), "FREEZING")):
			return true
		}
	}
	return false
}

// holds reports whether one of the lines of a file is this.
func holds(path, want string) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if strings.TrimSpace(line) == want {
			return true
		}
	}
	return false
}

func allStopped(leader int) (bool, error) {
	processes, err := of(leader)
	if err != nil {
		return false, err
	}
	all := true
	for _, p := range processes {
		err := tasks(p.PID, func(_ int, _ string, s stat) bool {
			all = all && strings.IndexByte("TtZXx", s.state) >= 0
			return all
		})
		if err != nil || !all {
			return false, err
		}
	}
	return true, nil
}
