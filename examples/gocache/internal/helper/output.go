package helper

import (
	"io"
	"sync"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
)

// output collects answers for cmd/go. Both goroutines write to it, and each
// flushes before it waits for something.
type output struct {
	mu     sync.Mutex // guards buffer
	buffer []byte

	flushing sync.Mutex // held while writing; taken before mu
	w        io.Writer
	spare    []byte // the buffer that was written last
}

func (o *output) append(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer = append(o.buffer, text...)
}

func (o *output) respond(r cacheprog.Response) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buffer = cacheprog.AppendResponse(o.buffer, r)
}

// flush writes everything that was collected.
func (o *output) flush() error {
	o.flushing.Lock()
	defer o.flushing.Unlock()
	o.mu.Lock()
	data := o.buffer
	o.buffer = o.spare[:0]
	o.mu.Unlock()
	o.spare = data
	if len(data) == 0 {
		return nil
	}
	_, err := o.w.Write(data)
	return err
}

// flusher calls flush before every read: when a buffered reader has nothing left
// and is about to wait, whoever is at the other end must have all answers. To
// look at what is buffered would not do, for cmd/go ends its requests with an
// empty line that may stay behind.
type flusher struct {
	r     io.Reader
	flush func() error
}

func (f *flusher) Read(p []byte) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.r.Read(p)
}
