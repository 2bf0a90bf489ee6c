package proxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// bufferSize is a compromise: large enough for bulk, small enough for thousands
// of clients at once.
const bufferSize = 32 << 10 // bytes

// A Stream is a connection that can be closed for one direction: *net.UnixConn,
// *net.TCPConn.
type Stream interface {
	net.Conn
	syscall.Conn
	CloseRead() error
	CloseWrite() error
}

// A Pump joins connections. The zero value is ready for use; all its joins share
// its buffers.
type Pump struct {
	buffers sync.Pool // of *[bufferSize]byte
}

// Join passes on bytes in both directions until both have ended, or ctx, and
// closes both connections. What one side sees of the other is what it would
// see of it directly: the end of one direction leaves the other open, and who is
// gone altogether is gone for the other side too.
func (p *Pump) Join(ctx context.Context, a, b Stream) {
	j := &join{pump: p, a: a, b: b}
	stop := context.AfterFunc(ctx, j.close)
	defer stop()
	defer j.close()
	var both sync.WaitGroup
	both.Go(func() { j.carry(b, a) })
	both.Go(func() { j.carry(a, b) })
	both.Wait()
}

type join struct {
	pump  *Pump
	a, b  Stream
	ended atomic.Int32 // directions
}

func (j *join) close() {
	j.a.Close()
	j.b.Close()
}

// carry passes on what comes from src until that ends.
func (j *join) carry(dst, src Stream) {
	switch err := j.copy(dst, src); {
	case err == nil:
		_ = dst.CloseWrite() // fails if dst is gone, which its own direction finds out
	case err.reading:
		j.close() // src broke, and a broken connection is broken both ways
		return
	default:
		_ = src.CloseRead() // nobody takes any more from src
		j.discard(src)      // a writer that waits for room would not be told
	}
	if j.ended.Add(1) == 2 {
		j.close()
		return
	}
	// src has nothing more to say, but may still listen. When it is gone
	// altogether the other side is to see that too.
	if awaitHangUp(src) {
		j.close()
	}
}

// brokenError says which side broke.
type brokenError struct {
	reading bool
	error
}

func (j *join) copy(dst, src Stream) *brokenError {
	for {
		buffer, n, err := j.pump.read(src)
		if n > 0 {
			_, werr := dst.Write(buffer[:n])
			j.pump.buffers.Put(buffer)
			if werr != nil {
				return &brokenError{false, werr}
			}
		}
		switch {
		case err != nil:
			return &brokenError{true, err}
		case n == 0:
			return nil
		}
	}
}

// discard takes what src has sent already.
func (j *join) discard(src Stream) {
	for {
		buffer, n, err := j.pump.read(src)
		if n == 0 || err != nil {
			return
		}
		j.pump.buffers.Put(buffer)
	}
}

// buffer returns one that nobody uses.
func (p *Pump) buffer() *[bufferSize]byte {
	if b, ok := p.buffers.Get().(*[bufferSize]byte); ok {
		return b
	}
	return new([bufferSize]byte)
}
