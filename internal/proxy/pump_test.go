//go:build unix

package proxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// pair returns the two ends of a connection, over a real listener.
func pair(t *testing.T, network string) (client, server Stream) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "d")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		address = filepath.Join(dir, "s")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{c, s} {
		_ = conn.SetDeadline(time.Now().Add(patience))
		t.Cleanup(func() { conn.Close() })
	}
	return c.(Stream), s.(Stream)
}

// joined returns the outer ends of two connections that are joined, and what
// waits for the end of that.
func joined(t *testing.T, ctx context.Context, network string) (client, daemon Stream, wait func()) {
	t.Helper()
	client, a := pair(t, network)
	b, daemon := pair(t, network)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		new(Pump).Join(ctx, a, b)
	}()
	return client, daemon, func() {
		t.Helper()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatal("Join does not return")
		}
	}
}

func TestBytesPassUnchangedAndHalfCloseIsKept(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			client, daemon, wait := joined(t, t.Context(), network)
			data := make([]byte, 3<<20)
			_, _ = rand.Read(data)
			go func() {
				_, _ = client.Write(data)
				_ = client.CloseWrite()
			}()
			got, err := io.ReadAll(daemon) // ends: the half-close arrived
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes of %d arrived: %v", len(got), len(data), err)
			}
			go func() {
				_, _ = daemon.Write(data) // the other direction is open still
				daemon.Close()
			}()
			if got, err = io.ReadAll(client); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bytes of %d came back: %v", len(got), len(data), err)
			}
			wait()
		})
	}
}

// A daemon that answers without ever reading to the end sees that its client
// has gone as it would see it directly.
func TestWhoIsGoneIsGone(t *testing.T) {
	client, daemon, wait := joined(t, t.Context(), "unix")
	_ = client.CloseWrite()
	if n, err := daemon.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("%d, %v", n, err)
	}
	if hungUp(t, daemon) {
		t.Error("the client has gone for the daemon, though it still listens")
	}
	client.Close()
	wait()
	if !hungUp(t, daemon) {
		t.Error("the client has not gone for the daemon")
	}
}

func hungUp(t *testing.T, c Stream) (gone bool) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(fds, 0)
		gone = err == nil && n > 0
	})
	return gone
}

// A client that writes to a daemon which reads no more is told, as by the
// daemon itself.
func TestAWriterIsToldThatNobodyReads(t *testing.T) {
	client, daemon, wait := joined(t, t.Context(), "unix")
	_ = daemon.CloseRead()
	var err error
	for err == nil {
		_, err = client.Write(make([]byte, 1<<10))
	}
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("writing: %v", err)
	}
	if _, err := daemon.Write([]byte("bye")); err != nil {
		t.Errorf("the daemon cannot answer any more: %v", err)
	}
	daemon.Close()
	if got, err := io.ReadAll(client); err != nil || string(got) != "bye" {
		t.Errorf("the client got %q, %v", got, err)
	}
	wait()
}

func TestJoinEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client, _, wait := joined(t, ctx, "unix")
	cancel()
	wait()
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open still")
	}
}

func TestNoDescriptorsAreLeft(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := count()
	for range 20 {
		client, daemon, wait := joined(t, t.Context(), "unix")
		client.Close()
		daemon.Close()
		wait()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
