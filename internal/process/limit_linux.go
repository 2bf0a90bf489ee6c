package process

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// stackSize is _STK_LIM, the soft limit of the stack in the kernel's INIT_RLIMITS.
const stackSize = 8 << 20

// settle puts in force, from outside and while the shell is at the gate, what a
// process hands on to what it executes.
func (p *Process) settle(s Spec) error {
	pid := p.id.PID
	return errors.Join(setLimits(pid, s), setAffinity(pid), setNice(pid, s.Nice))
}

// setLimits sets the soft limits to what the kernel gives its first process
// (INIT_RLIMITS in asm-generic/resource.h), within the hard ones: the caller's may
// be those of whichever client came first.
func setLimits(pid int, s Spec) error {
	for resource := unix.RLIMIT_CPU; resource <= unix.RLIMIT_RTTIME; resource++ {
		var limit unix.Rlimit
		if err := unix.Prlimit(pid, resource, nil, &limit); err != nil {
			return fmt.Errorf("cannot read limit %d: %w", resource, os.NewSyscallError("prlimit", err))
		}
		want := s.limit(resource, limit)
		if want == limit {
			continue
		}
		if err := unix.Prlimit(pid, resource, &want, nil); err != nil {
			return fmt.Errorf("cannot set limit %d to %d (hard %d): %w", resource, want.Cur, limit.Max, os.NewSyscallError("prlimit", err))
		}
	}
	return nil
}

func (s Spec) limit(resource int, now unix.Rlimit) unix.Rlimit {
	switch resource {
	case unix.RLIMIT_NOFILE:
		if s.OpenFiles == 0 {
			return unix.Rlimit{Cur: min(DefaultOpenFiles, now.Max), Max: now.Max}
		}
		n := uint64(s.OpenFiles)
		return unix.Rlimit{Cur: n, Max: max(n, now.Max)}
	case unix.RLIMIT_STACK:
		return unix.Rlimit{Cur: min(stackSize, now.Max), Max: now.Max}
	case unix.RLIMIT_CORE:
		return unix.Rlimit{Cur: 0, Max: now.Max}
	}
	return unix.Rlimit{Cur: now.Max, Max: now.Max}
}

// setAffinity allows all processors; the kernel keeps to those of the cpuset.
func setAffinity(pid int) error {
	var all unix.CPUSet
	all.Fill()
	if err := unix.SchedSetaffinity(pid, &all); err != nil {
		return fmt.Errorf("cannot reset the processor affinity: %w", os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}

func setNice(pid, nice int) error {
	err := unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	if err == nil || nice >= 0 && (err == unix.EACCES || err == unix.EPERM) {
		return nil
	}
	return fmt.Errorf("cannot set niceness %d: %w", nice, os.NewSyscallError("setpriority", err))
}
