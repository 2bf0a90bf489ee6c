package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Process is a process that is held by its pidfd: whatever is done through it
// reaches this process or none.
type Process struct {
	id   Identity
	fd   int      // the pidfd, for calls that do not wait; valid while mu is held and closed is false
	file *os.File // owns fd, in Go's poller

	// mu guards what follows, and keeps Reap and Close away from a signal that is
	// being sent. Held for single system calls only.
	mu     sync.Mutex
	closed bool
	reaped bool
	exit   *Exit         // once learnt; a reaped child cannot be asked again
	ended  chan struct{} // nil until the first Wait; closed when its goroutine ends
	err    error         // of that goroutine; to be read after ended
}

// adoptChild takes over the pidfd of a new child; -1: the kernel did not give one.
func adoptChild(pid, pidfd int) (*Process, error) {
	if pidfd < 0 {
		fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
		if err != nil {
			return nil, os.NewSyscallError("pidfd_open", err)
		}
		pidfd = fd
	}
	id, err := identityOf(pid)
	if err != nil {
		unix.Close(pidfd)
		return nil, err
	}
	return hold(id, pidfd)
}

func attach(id Identity) (*Process, error) {
	if err := id.Check(); err != nil {
		return nil, err // in particular: no pidfd_open of a number from elsewhere
	}
	fd, err := unix.PidfdOpen(id.PID, unix.PIDFD_NONBLOCK)
	if err == unix.ESRCH {
		return nil, &NotSameError{id.PID, Gone}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot hold process %d: %w", id.PID, os.NewSyscallError("pidfd_open", err))
	}
	if err := id.Check(); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return hold(id, fd)
}

// hold puts the pidfd into Go's poller and owns it from here on.
func hold(id Identity, fd int) (*Process, error) {
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &Process{id: id, fd: fd, file: os.NewFile(uintptr(fd), "pidfd")}, nil
}

func (p *Process) wait(ctx context.Context) (Exit, error) {
	ended, err := p.watch()
	if err != nil {
		return Exit{}, err
	}
	select {
	case <-ended:
	case <-ctx.Done():
		return Exit{}, context.Cause(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exit == nil {
		return Exit{}, p.err
	}
	return *p.exit, nil
}

// watch starts the goroutine that waits for the end, once.
func (p *Process) watch() (<-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		if p.closed {
			return nil, p.gone("wait for", os.ErrClosed)
		}
		p.ended = make(chan struct{})
		go p.await(p.ended)
	}
	return p.ended, nil
}

func (p *Process) await(ended chan<- struct{}) {
	defer close(ended)
	if err := p.park(unix.POLLIN); err != nil {
		p.err = p.gone("wait for", err)
		return
	}
	p.mu.Lock()
	foreign := p.learnLocked()
	p.mu.Unlock()
	if foreign {
		p.awaitReaped(reapedWithin)
	}
}

// park waits in Go's poller until poll(2) reports one of the events. A pidfd is
// readable when the last thread has ended, and hangs up when it is reaped.
func (p *Process) park(events int16) error {
	raw, err := p.file.SyscallConn()
	if err != nil {
		return os.ErrClosed
	}
	err = raw.Read(func(fd uintptr) bool { return polled(int(fd), events) })
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return os.ErrClosed // what else ends a wait: os does not wrap its internal error here
	}
	return err
}

func polled(fd int, events int16) bool {
	for {
		set := []unix.PollFd{{Fd: int32(fd), Events: events}}
		_, err := unix.Poll(set, 0)
		if err != unix.EINTR {
			return err != nil || set[0].Revents&events != 0
		}
	}
}

func (p *Process) signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.gone("signal", os.ErrClosed)
	}
	if err := unix.PidfdSendSignal(p.fd, sig, nil, 0); err != nil {
		return p.gone("signal", os.NewSyscallError("pidfd_send_signal", err))
	}
	return nil
}

func (p *Process) signalGroup(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return p.gone("signal the group of", os.ErrClosed)
	}
	// By the pidfd the kernel goes by its own object of the process, never by the
	// number.
	err := unix.PidfdSendSignal(p.fd, sig, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
	if err == unix.EINVAL { // before Linux 6.9
		err = p.killGroupLocked(sig)
	}
	if err != nil {
		return p.gone("signal the group of", os.NewSyscallError("kill", err))
	}
	return nil
}

// killGroupLocked goes by the number, which is safe while the process has not
// been reaped: until then nobody else can have it. A child cannot be reaped
// beside this as mu is held; for others a moment between look and signal remains.
func (p *Process) killGroupLocked(sig syscall.Signal) error {
	var other *NotSameError
	switch err := p.id.Check(); {
	case err == nil:
	case !errors.As(err, &other):
		return err
	case other.Reason != Zombie:
		return syscall.ESRCH
	}
	if group, err := unix.Getpgid(p.id.PID); err != nil || group != p.id.PID {
		return syscall.ESRCH
	}
	return unix.Kill(-p.id.PID, sig)
}

func (p *Process) close() {
	p.mu.Lock()
	ended := p.ended
	if !p.closed {
		p.closed = true
		p.file.Close() // wakes the goroutine
	}
	p.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

func (p *Process) gone(what string, err error) error {
	return fmt.Errorf("cannot %s process %d: %w", what, p.id.PID, err)
}
