package helper

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/view"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// session is one connection to a daemon.
type session struct {
	conn   net.Conn
	frames *wire.Reader
	dir    string
	view   *view.View    // nil: there is none; stays mapped, for the reading goroutine may be looking into it
	ended  chan struct{} // closed when the keeping goroutine has given it up

	mu     sync.Mutex // guards queued
	queued []byte     // frames that the next flush sends

	flushing sync.Mutex // held while sending, so that frames stay in order; taken before mu
}

// errVersion is a daemon of another build.
var errVersion = errors.New("the daemon speaks another version of the protocol (daemonry restart gocache)")

// open dials, says hello, and opens the view that it is told of.
func open(ctx context.Context, cfg Config) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.Patience)
	defer cancel()
	conn, err := cfg.Dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, frames: wire.NewReader(bufio.NewReaderSize(conn, 16<<10)), ended: make(chan struct{})}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if err := s.greet(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("the daemon did not answer: %w", err)
	}
	return s, nil
}

func (s *session) greet() error {
	if _, err := s.conn.Write(wire.Hello{Version: wire.Version, Helper: true}.Append(nil)); err != nil {
		return err
	}
	f, err := s.frames.Read()
	if err != nil {
		return err
	}
	welcome, err := wire.ParseWelcome(f)
	if err != nil {
		return err
	}
	if welcome.Version != wire.Version {
		return errVersion
	}
	s.dir = welcome.Dir
	if welcome.View != "" {
		s.view, _ = view.Open(welcome.View) // without it everything is asked for
	}
	return nil
}

// lookup finds an action in the view, if its file is still the verified one. If
// it is not, the daemon is asked, and finds that out, too.
func (s *session) lookup(action object.Action) (wire.Hit, bool) {
	if s.view == nil {
		return wire.Hit{}, false
	}
	item, ok := s.view.Lookup(action)
	if !ok {
		return wire.Hit{}, false
	}
	path := object.Path(s.dir, item.Entry.Output)
	if stamp, err := object.StampOf(path); err != nil || stamp != item.Stamp {
		return wire.Hit{}, false
	}
	return wire.Hit{Entry: item.Entry, Path: path}, true
}

// queue adds frames to what the next flush sends.
func (s *session) queue(appendTo func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = appendTo(s.queued)
}

// flush sends what is queued. An error closes the connection, which the keeping
// goroutine notices.
func (s *session) flush() {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	data := s.queued
	s.queued = nil
	s.mu.Unlock()
	if len(data) == 0 {
		return
	}
	s.conn.SetWriteDeadline(time.Now().Add(sendTimeout))
	if _, err := s.conn.Write(data); err != nil {
		s.conn.Close()
	}
}

// sendTimeout is how long a daemon may take to read: its reading goroutine only
// waits for others of its own.
const sendTimeout = 20 * time.Second

// expect bounds the wait for the next frame; zero: there is nothing to wait for.
func (s *session) expect(patience time.Duration) {
	deadline := time.Time{}
	if patience > 0 {
		deadline = time.Now().Add(patience)
	}
	s.conn.SetReadDeadline(deadline)
}
