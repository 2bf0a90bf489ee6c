package watch

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Watcher reports descriptors that become readable, once for each arming.
type Watcher struct {
	event func(token uint64)
	queue *queue        // the system's; safe for use beside its own wait
	ended chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards what follows; not held while event runs
	closed  bool
	entries map[int]*entry
	serial  uint32 // of the latest arming
}

// entry is a descriptor that was added.
type entry struct {
	token  uint64
	serial uint32 // of its latest arming; tells a late event of an earlier one
	armed  bool
	queued bool // the system's queue knows it, armed or not
}

// anySerial is what a queue reports that cannot tell armings apart.
const anySerial = 0

// New returns a watcher without descriptors. It calls event with the token of
// each armed descriptor that became readable; event runs on the watcher's
// goroutine, and must not call Close.
func New(event func(token uint64)) (*Watcher, error) {
	q, err := newQueue()
	if err != nil {
		return nil, fmt.Errorf("cannot watch descriptors: %w", err)
	}
	w := &Watcher{event: event, queue: q, ended: make(chan struct{}), entries: map[int]*entry{}}
	go func() {
		defer close(w.ended)
		q.wait(w.deliver)
	}()
	return w, nil
}

// Add takes in a descriptor, disarmed. It stays the caller's, who must call
// Remove before closing it: a daemon that shares the socket keeps it alive, and
// with it the kernel's memory of a number that may mean something else by then.
func (w *Watcher) Add(fd int, token uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return failed("watch", fd, os.ErrClosed)
	case w.entries[fd] != nil:
		return failed("watch", fd, fs.ErrExist)
	}
	if err := w.queue.try(fd); err != nil {
		return failed("watch", fd, err)
	}
	w.entries[fd] = &entry{token: token}
	return nil
}

// Arm asks for one event with the token, which replaces the one given before. If
// the descriptor is readable already the event comes at once. Arming an armed
// descriptor changes its token only.
func (w *Watcher) Arm(fd int, token uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, err := w.entryLocked(fd)
	if err != nil {
		return failed("arm", fd, err)
	}
	if w.serial++; w.serial == anySerial {
		w.serial++
	}
	if err := w.queue.arm(fd, w.serial, e.queued); err != nil {
		return failed("arm", fd, err)
	}
	*e = entry{token: token, serial: w.serial, armed: true, queued: true}
	return nil
}

// Disarm takes back an Arm. Without one it does nothing.
func (w *Watcher) Disarm(fd int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, err := w.entryLocked(fd)
	if err == nil {
		err = w.dropLocked(fd, e)
	}
	if err != nil {
		return failed("disarm", fd, err)
	}
	return nil
}

// Remove forgets the descriptor, also if that gives an error.
func (w *Watcher) Remove(fd int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, err := w.entryLocked(fd)
	if err == nil {
		err = w.dropLocked(fd, e)
		delete(w.entries, fd)
	}
	if err != nil {
		return failed("stop watching", fd, err)
	}
	return nil
}

// Close ends the watcher and forgets all descriptors, which stay open. It waits
// for an event function that runs. Closing again does nothing.
func (w *Watcher) Close() error {
	w.mu.Lock()
	var err error
	if !w.closed {
		w.closed = true
		err = w.queue.close()
	}
	w.mu.Unlock()
	<-w.ended
	return err
}

// deliver is called by the queue for what became readable.
func (w *Watcher) deliver(fd int, serial uint32) {
	w.mu.Lock()
	e := w.entries[fd]
	if w.closed || e == nil || !e.armed || serial != anySerial && serial != e.serial {
		w.mu.Unlock()
		return // disarmed or removed since
	}
	e.armed = false
	token := e.token
	w.mu.Unlock()
	w.event(token)
}

func (w *Watcher) entryLocked(fd int) (*entry, error) {
	if w.closed {
		return nil, os.ErrClosed
	}
	if e := w.entries[fd]; e != nil {
		return e, nil
	}
	return nil, fs.ErrNotExist
}

func (w *Watcher) dropLocked(fd int, e *entry) error {
	if !e.queued {
		return nil
	}
	e.armed, e.queued = false, false
	return w.queue.drop(fd)
}

func failed(what string, fd int, err error) error {
	return fmt.Errorf("cannot %s descriptor %d: %w", what, fd, err)
}
