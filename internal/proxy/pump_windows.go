package proxy

import (
	"errors"
	"io"
)

// read is as on other systems, but waits with its buffer. Compiled, not run.
func (p *Pump) read(src Stream) (buffer *[bufferSize]byte, n int, err error) {
	buffer = p.buffer()
	if n, err = src.Read(buffer[:]); n == 0 {
		p.buffers.Put(buffer)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return buffer, n, err
}

func awaitHangUp(Stream) bool { return false }
