package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reapedWithin is how long the end of somebody else's child is waited for after
// it became a zombie. Most inits reap at once; a slow one costs the status, which
// is better than to hold up a restart for it.
const reapedWithin = 100 * time.Millisecond

// childInfo is the kernel's siginfo_t as waitid(2) fills it in. unix.Siginfo
// hides what follows the code.
type childInfo struct {
	head   [3]int32 // signo, errno and code; on MIPS signo, code and errno
	_      [is64bit]int32
	pid    int32
	_      uint32 // uid
	status int32
	_      [128 - (6+is64bit)*4]byte
}

const is64bit = ^uint(0) >> 63

// Codes of siginfo_t, from the kernel's siginfo.h.
const (
	cldExited = 1
	cldKilled = 2
	cldDumped = 3
)

var _ [unsafe.Sizeof(unix.Siginfo{}) - unsafe.Sizeof(childInfo{})]struct{} // does not compile if it is larger

func waitid(kind, id, options int) (childInfo, error) {
	var info childInfo
	for {
		err := unix.Waitid(kind, id, (*unix.Siginfo)(unsafe.Pointer(&info)), unix.WEXITED|options, nil)
		if err != unix.EINTR {
			return info, err
		}
	}
}

func (c childInfo) exit() Exit {
	code := (*unix.Siginfo)(unsafe.Pointer(&c)).Code
	if code == cldExited {
		return Exit{Known: true, Code: int(c.status)}
	}
	return Exit{Known: true, Signal: syscall.Signal(c.status), Core: code == cldDumped}
}

// learnLocked asks for the exit status of a child that has ended and leaves it a
// zombie. It reports whether the process is somebody else's child.
func (p *Process) learnLocked() (foreign bool) {
	if p.exit != nil || p.closed {
		return false
	}
	info, err := waitid(unix.P_PIDFD, p.fd, unix.WNOHANG|unix.WNOWAIT)
	if err == nil && info.pid != 0 {
		exit := info.exit()
		p.exit = &exit
	}
	return err != nil
}

// awaitReaped learns the exit status of a process that is not a child, or that it
// cannot be known, if its parent does not reap it in time.
func (p *Process) awaitReaped(within time.Duration) {
	exit, settled := p.askKernel()
	if !settled {
		_ = p.file.SetReadDeadline(time.Now().Add(within))
		_ = p.park(unix.POLLHUP)
		exit, _ = p.askKernel()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exit = &exit
}

// askKernel asks through PIDFD_GET_INFO. settled: waiting will not tell more.
func (p *Process) askKernel() (e Exit, settled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return Exit{}, true
	}
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	err := unix.IoctlPidfdInfo(p.fd, &info)
	switch {
	case err != nil: // before Linux 6.13; ESRCH before 6.15, if it is reaped
		return Exit{}, true
	case info.Mask&unix.PIDFD_INFO_EXIT == 0:
		return Exit{}, false
	}
	ws := syscall.WaitStatus(info.Exit_code)
	if ws.Signaled() {
		return Exit{Known: true, Signal: ws.Signal(), Core: ws.CoreDump()}, true
	}
	return Exit{Known: true, Code: ws.ExitStatus()}, true
}

func (p *Process) reap() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return nil
	}
	if p.closed {
		return p.gone("reap", os.ErrClosed)
	}
	info, err := waitid(unix.P_PIDFD, p.fd, unix.WNOHANG)
	switch {
	case err == unix.ECHILD:
		return nil
	case err != nil:
		return p.gone("reap", os.NewSyscallError("waitid", err))
	case info.pid == 0:
		return p.gone("reap", errors.New("it still runs"))
	}
	exit := info.exit()
	p.reaped, p.exit = true, &exit
	return nil
}

// reapPID waits for the end of a child that was never handed out.
func reapPID(pid int) error {
	if _, err := waitid(unix.P_PID, pid, 0); err != nil {
		return fmt.Errorf("cannot reap process %d: %w", pid, os.NewSyscallError("waitid", err))
	}
	return nil
}

func nameOf(sig syscall.Signal) string { return unix.SignalName(sig) }
