package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// userHZ is the unit of times in /proc/PID/stat, whatever CONFIG_HZ is.
const userHZ = 100

// stat is what this package uses of /proc/PID/stat and /proc/PID/task/TID/stat.
type stat struct {
	name           string
	state          byte
	group, session int
	threads        int
	cpu            time.Duration
}

// dead reports whether a process has ended: a first thread that ended while
// others run is in state Z too.
func (s stat) dead() bool {
	return s.state == 'X' || s.state == 'x' || s.state == 'Z' && s.threads <= 1
}

// parseStat reads the format of proc_pid_stat(5). The name is in parentheses and
// may hold parentheses itself: it ends at the last one.
func parseStat(text string) (stat, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no name in %q", text)
	}
	f := strings.Fields(text[end+1:]) // f[0] is field 3
	if len(f) < 18 {
		return stat{}, fmt.Errorf("%d fields after the name in %q, want 18 or more", len(f), text)
	}
	var bad error
	number := func(field int) int64 {
		n, err := strconv.ParseInt(f[field-3], 10, 64)
		if err != nil && bad == nil {
			bad = fmt.Errorf("field %d: %w", field, err)
		}
		return n
	}
	s := stat{
		name: text[open+1 : end], state: f[0][0],
		group: int(number(5)), session: int(number(6)), threads: int(number(20)),
		cpu: time.Duration(number(14)+number(15)+number(16)+number(17)) * (time.Second / userHZ),
	}
	return s, bad
}

func readStat(dir string) (stat, error) {
	b, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return stat{}, err
	}
	s, err := parseStat(string(b))
	if err != nil {
		return stat{}, fmt.Errorf("%s/stat: %w", dir, err)
	}
	return s, nil
}

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// gone reports whether an error means that the process is no more.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

func of(leader int) ([]Process, error) {
	pids, err := numbers("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot look for processes: %w", err)
	}
	var found []Process
	for _, pid := range pids {
		s, err := readStat(procDir(pid))
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot look at processes: %w", err)
		}
		if (s.group == leader || s.session == leader) && !s.dead() {
			found = append(found, Process{PID: pid, Name: s.name, State: s.state, Threads: s.threads, CPU: s.cpu})
		}
	}
	return found, nil
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

// tasks calls f with each thread of a process until f returns false. A process
// that has gone has none.
func tasks(pid int, f func(tid int, dir string, s stat) bool) error {
	tids, err := numbers(procDir(pid) + "/task")
	if err != nil && !gone(err) {
		return fmt.Errorf("cannot look at the threads of process %d: %w", pid, err)
	}
	for _, tid := range tids {
		dir := procDir(pid) + "/task/" + strconv.Itoa(tid)
		s, err := readStat(dir)
		if gone(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot look at the threads of process %d: %w", pid, err)
		}
		if !f(tid, dir, s) {
			return nil
		}
	}
	return nil
}

// field returns the value of "name: value" in a file of /proc such as status or
// io.
func field(path, name string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("%s has no %s", path, name)
}
