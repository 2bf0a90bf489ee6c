package conform

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/notify"
)

// notes are what one daemon says on its notify socket.
type notes struct {
	socket *notify.Socket
	ready  chan struct{} // closed at READY=1
	done   chan struct{} // closed when nobody listens any more

	mu      sync.Mutex // guards what follows
	spoke   bool
	readyAt time.Time
}

func takeNotes(path string) (*notes, error) {
	socket, err := notify.Listen(path)
	if err != nil {
		return nil, err
	}
	n := &notes{socket: socket, ready: make(chan struct{}), done: make(chan struct{})}
	go n.listen()
	return n, nil
}

func (n *notes) listen() {
	defer close(n.done)
	for {
		m, err := n.socket.Receive()
		if err != nil {
			return
		}
		for _, fd := range m.Files {
			unix.Close(fd)
		}
		if m.PID != os.Getpid() { // not a barrier of hear's
			n.note(m)
		}
	}
}

func (n *notes) note(m notify.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.spoke = true
	if m.Ready && n.readyAt.IsZero() {
		n.readyAt = time.Now()
		close(n.ready)
	}
}

// hear returns when everything that was said before this call was noted, and
// reports whether that is anything. It sends a barrier behind it.
func (n *notes) hear() bool {
	if r, w, err := os.Pipe(); err == nil {
		err = notify.SendFiles(n.socket.Path(), []int{int(w.Fd())}, "BARRIER=1")
		w.Close()
		if err == nil {
			_, _ = r.Read(make([]byte, 1)) // its end, or that of the reader
		}
		r.Close()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.spoke
}

// isReady reports whether READY=1 was said, and when.
func (n *notes) isReady() (time.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.readyAt, !n.readyAt.IsZero()
}

// close takes the socket away; a second call does nothing.
func (n *notes) close() {
	_ = n.socket.Remove() // it may be gone
	<-n.done
}
