package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
)

// A Socket receives the notifications of one generation of a daemon.
type Socket struct {
	conn    *net.UnixConn
	path    string
	dropped atomic.Uint64
}

// Listen binds a notification socket at path with mode 0600 from its first
// moment. A socket of ours that nobody reads any more is replaced, so that an
// adopting broker can bind its predecessor's; this is to be called under the
// broker lock. One that is read gives EADDRINUSE; anything else at path is
// left alone and gives an error.
func Listen(path string) (*Socket, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("cannot listen at %q: not an absolute path", path)
	}
	if err := clearStale(path); err != nil {
		return nil, err
	}
	conn, err := listen(path)
	if err != nil {
		return nil, err
	}
	return &Socket{conn: conn, path: path}, nil
}

// FromFile takes over a socket that a predecessor bound at path, with whatever
// is queued in it: a broker that executes its successor keeps it. The file is
// the caller's to close.
func FromFile(f *os.File, path string) (*Socket, error) {
	c, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(errors.New("not a unix datagram socket: "+f.Name()), c.Close())
	}
	if err := passCredentials(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &Socket{conn: conn, path: path}, nil
}

// Path returns the path the socket was bound at.
func (s *Socket) Path() string { return s.path }

// File returns a copy of the descriptor, CLOEXEC, for FromFile in a successor.
func (s *Socket) File() (*os.File, error) { return s.conn.File() }

// Dropped counts messages that were dropped: a stranger's, or one that Parse
// refuses.
func (s *Socket) Dropped() uint64 { return s.dropped.Load() }

// Close ends Receive and leaves the path in place: a successor's Listen replaces
// it.
func (s *Socket) Close() error { return s.conn.Close() }

// Remove closes the socket and removes its path, once the generation is gone.
func (s *Socket) Remove() error {
	err := os.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(s.Close(), err)
}

// Receive waits for the next message of a process of our own uid and returns
// it. Messages of others, and those that Parse refuses, are dropped. Descriptors
// that did not come with FDSTORE=1 are closed; so a barrier is answered here, for
// whoever calls Receive again has handled all that came before. After Close the
// error wraps net.ErrClosed; any other error is of the socket itself, and final.
func (s *Socket) Receive() (Message, error) {
	data, control := make([]byte, MaxSize+1), make([]byte, controlSize())
	for {
		n, cn, flags, _, err := s.conn.ReadMsgUnix(data, control)
		if err != nil {
			return Message{}, err
		}
		got := parseControl(control[:cn])
		m, err := Parse(data[:n])
		if err != nil || truncated(flags) || got.uid != uint32(os.Geteuid()) {
			closeAll(got.files)
			s.dropped.Add(1)
			continue
		}
		m.PID, m.UID = got.pid, got.uid
		if m.Barrier || !m.FDStore {
			closeAll(got.files)
		} else {
			m.Files = got.files
		}
		return m, nil
	}
}

// control is what came beside the text.
type control struct {
	pid   int
	uid   uint32
	files []int
}
