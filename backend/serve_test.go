//go:build linux

package backend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// fakeListener hands out what a test gives it: time-only logic needs no socket.
type fakeListener struct {
	next   chan any // net.Conn or error
	closed chan struct{}
}

func newFakeListener() *fakeListener {
	return &fakeListener{next: make(chan any, 10), closed: make(chan struct{})}
}

func (l *fakeListener) Accept() (net.Conn, error) {
	select {
	case x := <-l.next:
		if err, ok := x.(error); ok {
			return nil, err
		}
		return x.(net.Conn), nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *fakeListener) Close() error {
	close(l.closed)
	return nil
}
func (l *fakeListener) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: "fake"} }

// logged collects package log's output.
func logged(t *testing.T) *bytes.Buffer {
	var b bytes.Buffer
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return &b
}

func TestASilentClientIsCutWhenPatienceEnds(t *testing.T) {
	printed := logged(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		l := newFakeListener()
		server, client := net.Pipe()
		defer client.Close()
		l.next <- server
		var working error
		ended := make(chan error, 1)
		go func() {
			ended <- ServeConns(ctx, l, func(work context.Context, c net.Conn) error {
				_, err := c.Read(make([]byte, 1))
				working = work.Err()
				return err
			})
		}()
		synctest.Wait()
		begun := time.Now()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took != DrainTimeout {
			t.Errorf("it took %v, want %v", took, DrainTimeout)
		}
		if working == nil {
			t.Error("the handler's context had not ended")
		}
	})
	if !strings.Contains(printed.String(), "closing 1 connections") {
		t.Errorf("logged %q", printed)
	}
}

func TestAHandlersContextOutlivesTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		l := newFakeListener()
		server, client := net.Pipe()
		defer client.Close()
		l.next <- server
		ended := make(chan error, 1)
		go func() {
			ended <- ServeConns(ctx, l, func(work context.Context, c net.Conn) error {
				<-ctx.Done() // the stop is seen by those who look
				select {
				case <-work.Done():
					t.Error("the work was cut")
				case <-time.After(DrainTimeout - time.Second):
				}
				return nil
			})
		}()
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestAShortageIsWaitedOut(t *testing.T) {
	printed := logged(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		l := newFakeListener()
		server, client := net.Pipe()
		for range 3 {
			l.next <- &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		}
		l.next <- server
		ended := make(chan error, 1)
		begun := time.Now()
		go func() {
			ended <- ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
				_, err := c.Write([]byte("x"))
				return err
			})
		}()
		if _, err := io.ReadAll(client); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took != 35*time.Millisecond { // 5 + 10 + 20
			t.Errorf("it took %v", took)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if !strings.Contains(printed.String(), "too many open files") {
		t.Errorf("logged %q", printed)
	}
}

// A listener that somebody has shut down ends Serve, but not those that it served.
func TestABrokenListenerEndsServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newFakeListener()
		server, client := net.Pipe()
		l.next <- server
		broken := errors.New("accept: invalid argument")
		l.next <- broken
		ended := make(chan error, 1)
		go func() {
			ended <- ServeConns(t.Context(), l, func(_ context.Context, c net.Conn) error {
				time.Sleep(time.Second)
				_, err := c.Write([]byte("x"))
				return err
			})
		}()
		if data, err := io.ReadAll(client); string(data) != "x" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		if err := <-ended; !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

// The only copy of a listener takes its queue with it, so that is served first.
func TestAnOwnQueueIsServedBeforeTheEnd(t *testing.T) {
	p := newPlace(t)
	l, err := Listen(p.e)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var clients []net.Conn
	for range 20 {
		clients = append(clients, p.dial())
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	err = ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
		_, err := io.WriteString(c, "served")
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for i, c := range clients {
		if data, err := io.ReadAll(c); string(data) != "served" || err != nil {
			t.Errorf("client %d: %q, %v", i, data, err)
		}
	}
}

func TestClosingTwiceIsFine(t *testing.T) {
	p := newPlace(t)
	l, err := Listen(p.e)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if !exists(p.e.address) {
		t.Error("Close removed the path, which may be another's by now")
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept gave %v", err)
	}
}
