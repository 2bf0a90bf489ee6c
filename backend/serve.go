package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
	"syscall"
	"time"
)

// DrainTimeout is how long a daemon that was told to stop goes on serving what it
// has accepted. It is less than the default grace before SIGKILL (10 s), so that
// the daemon ends by itself, and more than the 5 s for which
// http.Server.Shutdown waits for a first request.
const DrainTimeout = 8 * time.Second

// ServeConns accepts connections until ctx, which Serve was given, ends, and calls handle
// for each in a goroutine of its own. It closes the connection when handle returns;
// an error other than the client's going away is logged (package log). A panic ends
// the daemon, whose broker then starts another.
//
// The first Accept announces the daemon as ready, unless a Load is under way, which
// then does so at its end. So what takes time to warm belongs in Load.
//
// When ctx ends it stops accepting, serves what Accept still returns, and waits
// for the handlers. The context that handle is given lives on meanwhile: it ends
// after DrainTimeout, and then what is left is closed. So a handler finishes what it does. One that
// waits for a further request on its connection should stop waiting when
// Serve's ctx ends:
//
//	func (d daemon) Serve(ctx context.Context, l net.Listener) error {
//		return backend.ServeConns(ctx, l, func(work context.Context, c net.Conn) error {
//			defer context.AfterFunc(ctx, func() { c.SetReadDeadline(time.Now()) })()
//			…
//
// It returns nil once ctx has ended, or the loader's error, or the listener's.
func ServeConns(ctx context.Context, l net.Listener, handle func(context.Context, net.Conn) error) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s := &server{handle: handle, open: make(map[net.Conn]struct{}), changed: make(chan struct{}, 1)}
	ended := make(chan error, 1)
	go func() { ended <- s.accept(ctx, work, l) }()
	sessionOf(ctx).serving()
	var err error
	select {
	case err = <-ended:
		ended <- err // for drain
	case <-ctx.Done():
		stopAccepting(l)
	}
	s.drain(ended, cancel)
	if ctx.Err() != nil {
		return sessionOf(ctx).loadFailure()
	}
	return err
}

// server is one ServeConns.
type server struct {
	handle  func(context.Context, net.Conn) error
	changed chan struct{} // has room for one: the number of connections went to zero

	mu   sync.Mutex // guards open
	open map[net.Conn]struct{}
}

// accept hands out connections until the listener fails or is closed. What it is
// given after ctx has ended is served like any other.
func (s *server) accept(ctx, work context.Context, l net.Listener) error {
	var pause time.Duration
	for {
		c, err := l.Accept()
		if err == nil {
			pause = 0
			s.begin(work, c)
			continue
		}
		if !passing(err) || ctx.Err() != nil {
			return err
		}
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		log.Printf("cannot accept, trying again in %v: %v", pause, err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// passing errors are those of a machine that is short of something (accept(2)).
func passing(err error) bool {
	for _, short := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, short) {
			return true
		}
	}
	return false
}

func (s *server) begin(work context.Context, c net.Conn) {
	s.mu.Lock()
	s.open[c] = struct{}{}
	s.mu.Unlock()
	go func() {
		defer s.end(c)
		if err := s.handle(work, c); err != nil && !clientGone(err) {
			log.Printf("connection ended: %v", err)
		}
	}()
}

func (s *server) end(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	if len(s.open) == 0 {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}
}

func clientGone(err error) bool {
	for _, gone := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE, syscall.ECONNRESET} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// drain waits for the accept loop, as long as that makes sense, and for the
// connections; in the end it closes what is left.
func (s *server) drain(ended <-chan error, cancel context.CancelFunc) {
	patience := time.After(DrainTimeout)
	select {
	case <-ended:
	case <-time.After(acceptGrace):
	}
	if s.waitEmpty(patience) {
		return
	}
	log.Printf("closing %d connections that were not done %v after the stop", s.count(), DrainTimeout)
	cancel()
	s.closeAll()
	s.waitEmpty(time.After(loadGrace))
}

func (s *server) waitEmpty(until <-chan time.Time) bool {
	for s.count() > 0 {
		select {
		case <-s.changed:
		case <-until:
			return false
		}
	}
	return true
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

// Server is what ServeUntil runs; *http.Server is one.
type Server interface {
	Serve(net.Listener) error       // returns once the listener is closed
	Shutdown(context.Context) error // finishes what was accepted
}

// ServeUntil runs a server until ctx, which Serve was given, ends:
//
//	return backend.ServeUntil(ctx, l, &http.Server{Handler: mux})
//
// The daemon is announced as ready as with ServeConns. When ctx ends it first ends
// accepting, and calls Shutdown only when everything that was accepted is known to
// the server (http.Server alone can lose a connection between Accept and
// Shutdown), with DrainTimeout to finish. It returns nil once ctx has ended, or the
// loader's error, or the server's.
func ServeUntil(ctx context.Context, l net.Listener, s Server) error {
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	sessionOf(ctx).serving()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stopAccepting(l)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTimeout)
	defer cancel()
	select {
	case <-ended:
	case <-time.After(acceptGrace):
	}
	if err := s.Shutdown(limit); errors.Is(err, context.DeadlineExceeded) {
		log.Printf("ending with connections that were not done %v after the stop", DrainTimeout)
	} else if err != nil {
		return fmt.Errorf("cannot drain: %w", err)
	}
	return sessionOf(ctx).loadFailure()
}
