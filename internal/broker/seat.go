package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"

	"github.com/fsnotify/fsnotify"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// Descriptors that a starter hands to a broker; see DESIGN.md §5, "No broker".
const (
	inheritVariable = "DAEMONRY_INHERIT"
	controlFD       = 3
	lockFD          = 4
)

// A seat is what makes a process the one broker of its directories: the lock,
// and the control socket. Whoever holds the lock's current inode is the broker.
type seat struct {
	dirs endpoint.Dirs

	mu      sync.Mutex // guards what follows
	locks   []*os.File // the last one is the file at the path now
	control *controlListener
}

// takeSeat takes the inherited lock and socket, or, started by hand, its own.
func takeSeat(dirs endpoint.Dirs) (*seat, error) {
	if os.Getenv(inheritVariable) == "1" {
		os.Unsetenv(inheritVariable)
		return inheritSeat(dirs)
	}
	lock, err := endpoint.TryLock(dirs.Lock())
	if errors.Is(err, endpoint.ErrLocked) {
		return nil, fmt.Errorf("%w in %s", ErrRunning, dirs.Runtime)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot take the broker lock: %w", err)
	}
	control, err := bindControl(dirs)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return newSeat(dirs, lock, control), nil
}

func newSeat(dirs endpoint.Dirs, lock *os.File, control net.Listener) *seat {
	s := &seat{dirs: dirs, locks: []*os.File{lock}}
	s.control = newControlListener(control)
	return s
}

func inheritSeat(dirs endpoint.Dirs) (*seat, error) {
	lock := os.NewFile(lockFD, dirs.Lock())
	if lock == nil || !holdsPath(lock, dirs.Lock()) {
		return nil, fmt.Errorf("cannot inherit: descriptor %d is not the lock %s", lockFD, dirs.Lock())
	}
	setCloseOnExec(lockFD)
	l, err := endpoint.FromFD(controlFD)
	if err != nil {
		return nil, fmt.Errorf("cannot inherit the control socket: %w", err)
	}
	if l.Address() != dirs.Control() {
		return nil, fmt.Errorf("cannot inherit: descriptor %d listens on %s, not on %s", controlFD, l.Address(), dirs.Control())
	}
	control, err := goListener(l)
	if err != nil {
		return nil, fmt.Errorf("cannot inherit the control socket: %w", err)
	}
	return newSeat(dirs, lock, control), nil
}

func bindControl(dirs endpoint.Dirs) (net.Listener, error) {
	if err := endpoint.RemoveStale(dirs.Control()); err != nil {
		return nil, fmt.Errorf("cannot bind the control socket: %w", err)
	}
	l, err := endpoint.ListenUnix(dirs.Control(), endpoint.Backlog())
	if err != nil {
		return nil, fmt.Errorf("cannot bind the control socket: %w", err)
	}
	return goListener(l)
}

// goListener turns a raw listener into one of Go's; the control socket is the
// broker's alone, so it may live in Go's poller.
func goListener(l *endpoint.Listener) (net.Listener, error) {
	f := os.NewFile(uintptr(l.FD()), l.Address())
	gl, err := net.FileListener(f) // duplicates
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("cannot use the control socket: %w", err)
	}
	if ul, ok := gl.(*net.UnixListener); ok {
		ul.SetUnlinkOnClose(false)
	}
	return gl, nil
}

// holdsPath reports whether f is the very file at path.
func holdsPath(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}

// leave removes the control socket and gives up the lock; in this order, so
// that nobody finds a free lock beside a socket that is about to go.
func (s *seat) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control.Close()
	os.Remove(s.dirs.Control())
	for _, l := range s.locks {
		l.Close()
	}
}

// guard watches the seat's directory and takes back what a cleaner removed. It
// calls lost if another broker has taken the lock meanwhile.
func (s *seat) guard(ctx context.Context, spawn func(func()), lost func(error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch %s: %w", s.dirs.Private(""), err)
	}
	if err := w.Add(s.dirs.Private("")); err != nil {
		w.Close()
		return fmt.Errorf("cannot watch %s: %w", s.dirs.Private(""), err)
	}
	context.AfterFunc(ctx, func() { w.Close() })
	spawn(func() {
		for event := range w.Events {
			if !event.Has(fsnotify.Remove) && !event.Has(fsnotify.Rename) {
				continue
			}
			if event.Name != s.dirs.Lock() && event.Name != s.dirs.Control() {
				continue
			}
			if err := s.mend(); err != nil && ctx.Err() == nil {
				lost(err)
				return
			}
		}
	})
	return nil
}

// mend makes lock and control socket ours again.
func (s *seat) mend() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !holdsPath(s.locks[len(s.locks)-1], s.dirs.Lock()) {
		lock, err := endpoint.TryLock(s.dirs.Lock())
		if err != nil {
			return fmt.Errorf("the broker lock was removed and cannot be taken again: %w", err)
		}
		s.locks = append(s.locks, lock)
	}
	if _, err := os.Lstat(s.dirs.Control()); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l, err := bindControl(s.dirs)
	if err != nil {
		return err
	}
	s.control.replace(l)
	return nil
}
