package watch

import (
	"os"

	"golang.org/x/sys/unix"
)

// queue is a kqueue with a thread that waits in it. Compiled, not run.
type queue struct{ fd int }

// closing is the identity of the event by which close ends the wait.
const closing = ^uint64(0)

func newQueue() (*queue, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, os.NewSyscallError("kqueue", err)
	}
	unix.CloseOnExec(fd)
	q := &queue{fd: fd}
	if err := q.change(unix.Kevent_t{Ident: closing, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_CLEAR}); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return q, nil
}

// change retries: EINTR comes after the change was made, and repeating one does
// no harm.
func (q *queue) change(e unix.Kevent_t) error {
	for {
		_, err := unix.Kevent(q.fd, []unix.Kevent_t{e}, nil, nil)
		if err != unix.EINTR {
			return os.NewSyscallError("kevent", err)
		}
	}
}

func (q *queue) try(fd int) error {
	if err := q.change(unix.Kevent_t{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_ADD | unix.EV_DISABLE}); err != nil {
		return err
	}
	return q.drop(fd)
}

// arm cannot hand the serial over: x/sys has a pointer where kqueue takes any word.
func (q *queue) arm(fd int, _ uint32, _ bool) error {
	return q.change(unix.Kevent_t{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_ADD | unix.EV_ENABLE | unix.EV_DISPATCH})
}

func (q *queue) drop(fd int) error {
	return q.change(unix.Kevent_t{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_DELETE})
}

func (q *queue) wait(ready func(fd int, serial uint32)) {
	defer unix.Close(q.fd)
	events := make([]unix.Kevent_t, 128)
	for {
		n, err := unix.Kevent(q.fd, nil, events, nil)
		if err != nil && err != unix.EINTR {
			return
		}
		for _, e := range events[:max(n, 0)] {
			if e.Filter == unix.EVFILT_USER {
				return
			}
			ready(int(e.Ident), anySerial)
		}
	}
}

func (q *queue) close() error {
	return q.change(unix.Kevent_t{Ident: closing, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER})
}
