package inspect

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func workOf(processes []Process) (Work, error) {
	var w Work
	for _, p := range processes {
		w.CPU += p.CPU
		for _, name := range []string{"rchar", "wchar"} {
			n, err := counter(p.PID, name)
			if err != nil && !gone(err) {
				return Work{}, fmt.Errorf("cannot tell what process %d reads and writes: %w", p.PID, err)
			}
			w.Bytes += n
		}
	}
	return w, nil
}

func counter(pid int, name string) (uint64, error) {
	text, err := field(procDir(pid)+"/io", name)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(text, 10, 64)
}

func catches(pid, signal int) (bool, error) { return inMask(procDir(pid), "SigCgt", signal) }

// inMask looks for a signal in one of the masks in a status file.
func inMask(dir, mask string, signal int) (bool, error) {
	text, err := field(dir+"/status", mask)
	if err != nil {
		return false, err
	}
	bits, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return false, err
	}
	if signal < 1 || signal > 64 {
		return false, errors.New("no such signal")
	}
	return bits>>(signal-1)&1 == 1, nil
}

func fatal(pid, signal int) (bool, error) {
	for _, mask := range []string{"SigCgt", "SigIgn"} {
		if in, err := inMask(procDir(pid), mask, signal); err != nil || in {
			return false, err
		}
	}
	blocked := false
	var bad error
	err := tasks(pid, func(_ int, dir string, _ stat) bool {
		blocked, bad = inMask(dir, "SigBlk", signal)
		return !blocked && bad == nil
	})
	if gone(bad) {
		bad = nil
	}
	return !blocked && bad == nil && err == nil, errors.Join(bad, err)
}

func suspended() time.Duration {
	var boot, running unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &running) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - running.Nano())
}
