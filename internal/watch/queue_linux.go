package watch

import (
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// batch is how many events are fetched at a time; more wait in the kernel.
const batch = 128

// queue is an epoll instance.
type queue struct {
	fd    int      // for epoll_ctl; valid until close, which the Watcher's mutex keeps apart
	file  *os.File // owns fd, in Go's poller
	raw   syscall.RawConn
	wakes atomic.Uint64 // how often the goroutine was woken; for tests
}

func newQueue() (*queue, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// os.NewFile takes only non-blocking descriptors into Go's poller.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &queue{fd: fd, file: file, raw: raw}, nil
}

// try finds out whether the descriptor can be waited for. It does not stay in the
// epoll instance: even with no event asked for, EPOLLHUP would be reported.
func (q *queue) try(fd int) error {
	err := unix.EpollCtl(q.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT, Fd: int32(fd)})
	if err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	return q.drop(fd)
}

// arm changes the event if the instance has the descriptor, as after an event:
// the kernel then looks whether something is pending.
func (q *queue) arm(fd int, serial uint32, queued bool) error {
	op := unix.EPOLL_CTL_ADD
	if queued {
		op = unix.EPOLL_CTL_MOD
	}
	err := unix.EpollCtl(q.fd, op, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLONESHOT,
		Fd:     int32(fd), Pad: int32(serial), // together the 64 bits that come back
	})
	return os.NewSyscallError("epoll_ctl", err)
}

func (q *queue) drop(fd int) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(q.fd, unix.EPOLL_CTL_DEL, fd, nil))
}

// wait calls ready for every event until the queue is closed.
func (q *queue) wait(ready func(fd int, serial uint32)) {
	var events [batch]unix.EpollEvent
	for {
		n := 0
		err := q.raw.Read(func(fd uintptr) bool {
			q.wakes.Add(1)
			n = fetch(int(fd), events[:])
			return n > 0 // with nothing left park: Go's poller is edge-triggered
		})
		if err != nil {
			return // closed
		}
		for _, e := range events[:n] {
			ready(int(e.Fd), uint32(e.Pad))
		}
	}
}

func fetch(fd int, events []unix.EpollEvent) int {
	for {
		n, err := unix.EpollWait(fd, events, 0)
		if err == nil {
			return n
		}
		if err != unix.EINTR {
			return 0
		}
	}
}

func (q *queue) close() error { return q.file.Close() }
