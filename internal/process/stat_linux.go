package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// userHZ is the unit of times in /proc/PID/stat: a constant of the kernel's
// interface on every architecture that Go runs on, whatever CONFIG_HZ is.
const userHZ = 100

// stat is what this package uses of /proc/PID/stat, which stays readable for
// non-dumpable processes and zombies.
type stat struct {
	comm    string
	state   byte // R, S, D, T, t, Z, X…
	group   int
	threads int
	cpu     time.Duration // user and system, of the process alone
	start   uint64
}

// dead reports whether the whole process has ended. A leader that ended while
// other threads run is in state Z too, and is counted as a thread until the last
// one goes.
func (s stat) dead() bool {
	return s.state == 'X' || s.state == 'x' || s.state == 'Z' && s.threads <= 1
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	s, err := parseStat(string(b))
	if err != nil {
		return stat{}, fmt.Errorf("/proc/%d/stat: %w", pid, err)
	}
	return s, nil
}

// parseStat reads the format of proc_pid_stat(5). The name is in parentheses and
// may itself hold parentheses, spaces and newlines: it ends at the last one.
func parseStat(text string) (stat, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("no name in %q", text)
	}
	f := strings.Fields(text[end+1:]) // f[0] is field 3
	if len(f) < 20 {
		return stat{}, fmt.Errorf("%d fields after the name in %q, want 20 or more", len(f), text)
	}
	var bad error
	number := func(field int) uint64 {
		n, err := strconv.ParseUint(f[field-3], 10, 64)
		if err != nil && bad == nil {
			bad = fmt.Errorf("field %d: %w", field, err)
		}
		return n
	}
	s := stat{
		comm:    text[open+1 : end],
		state:   f[0][0],
		group:   int(number(5)),
		threads: int(number(20)),
		cpu:     time.Duration(number(14)+number(15)) * (time.Second / userHZ),
		start:   number(22),
	}
	return s, bad
}
