package conform

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// proc is what /proc/PID/stat says of a process or thread (proc_pid_stat(5)).
type proc struct {
	pid, parent, group, session int
	state                       byte
	forked                      bool // has not executed anything since it was forked
}

// forkNoExec is PF_FORKNOEXEC of the kernel's sched.h, in the field "flags".
const forkNoExec = 0x40

func parseStat(data []byte) (proc, error) {
	// The name may hold anything, parentheses and spaces too.
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	if open < 1 || end < open {
		return proc{}, errors.New("no name in parentheses")
	}
	fields := strings.Fields(string(data[end+1:]))
	if len(fields) < 7 || len(fields[0]) != 1 {
		return proc{}, fmt.Errorf("%d fields after the name", len(fields))
	}
	p := proc{state: fields[0][0]}
	flags, err := strconv.ParseUint(fields[6], 10, 32)
	p.forked = flags&forkNoExec != 0
	numbers := []string{strings.TrimSpace(string(data[:open])), fields[1], fields[2], fields[3]}
	for i, n := range []*int{&p.pid, &p.parent, &p.group, &p.session} {
		var bad error
		*n, bad = strconv.Atoi(numbers[i])
		err = errors.Join(err, bad)
	}
	return p, err
}

func (p proc) stopped() bool { return p.state == 'T' || p.state == 't' || p.dead() }

func (p proc) dead() bool { return p.state == 'Z' || p.state == 'X' }

// readStats reads the stat files that match, leaving out what ends meanwhile.
func readStats(pattern string) ([]proc, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var list []proc
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := parseStat(data)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		list = append(list, p)
	}
	return list, nil
}

func processes() ([]proc, error) { return readStats("/proc/[0-9]*/stat") }

// threads returns the threads of a process, none if it has gone.
func threads(pid int) ([]proc, error) {
	return readStats("/proc/" + strconv.Itoa(pid) + "/task/[0-9]*/stat")
}

// family returns those of all that descend from root, or belong to its session or
// to its group; root itself is one of them.
func family(all []proc, root int) []proc {
	in := map[int]bool{root: true}
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if !in[p.pid] && (in[p.parent] || p.session == root || p.group == root) {
				in[p.pid], grown = true, true
			}
		}
	}
	var list []proc
	for _, p := range all {
		if in[p.pid] && !p.dead() {
			list = append(list, p)
		}
	}
	return list
}
