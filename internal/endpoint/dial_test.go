//go:build linux

package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDial(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	conn, err := Dial(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, ok := conn.(*net.UnixConn); !ok {
		t.Errorf("it is a %T, want the operating system's own", conn)
	}
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if peer, err := PeerOf(conn.(*net.UnixConn)); err != nil || peer.PID != os.Getpid() || peer.UID != uint32(os.Geteuid()) {
		t.Errorf("peer is %+v, %v", peer, err)
	}
}

func TestDialFailsAtOnce(t *testing.T) {
	wantNoLeak(t)
	dir := shortDir(t)
	dead := filepath.Join(dir, "dead.sock")
	listen(t, dead).Close()
	for path, want := range map[string]error{
		filepath.Join(dir, "missing.sock"): syscall.ENOENT,
		filepath.Join(dir, "no", "x.sock"): fs.ErrNotExist,
		dead:                               syscall.ECONNREFUSED,
	} {
		if _, err := Dial(context.Background(), "unix", path); !errors.Is(err, want) {
			t.Errorf("%s: error is %v, want %v", path, err, want)
		}
	}
	if _, err := Dial(t.Context(), "pipe", `\\.\pipe\x`); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe: error is %v", err)
	}
	if _, err := Dial(t.Context(), "unix", "x.sock"); err == nil {
		t.Error("a relative path was dialled")
	}
	_, err := Dial(t.Context(), "unix", dir+"/"+strings.Repeat("x", 108))
	if long, ok := err.(*TooLongError); !ok {
		t.Errorf("a long path: error is %T %v", err, long)
	}
}

// TestDialLooksFirst has a live socket in a directory that others reach into:
// nothing may be sent there, not even a connection.
func TestDialLooksFirst(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	l := listen(t, path)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Dial(t.Context(), "unix", path)
	wantUnsafe(t, err, "its mode is 0755")
	if readable, err := l.Readable(); readable || err != nil {
		t.Errorf("it was connected to all the same (%v)", err)
	}
}

func TestDialFullBacklog(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l, err := ListenUnix(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const clients = 40
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			conn, err := Dial(context.Background(), "unix", path)
			if err != nil {
				t.Error(err)
				return
			}
			conn.Close()
		})
	}
	for range clients { // blocks until somebody got in
		fd, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
	}
	wg.Wait()
}

// TestDialFullBacklogDeadline is S3: a queue that never moves.
func TestDialFullBacklogDeadline(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l, err := ListenUnix(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first, err := Dial(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = Dial(ctx, "unix", path)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("error is %v, want the deadline and EAGAIN", err)
	}
	if took := time.Since(began); took < 100*time.Millisecond || took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(cancelled, "unix", path); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

// TestDialBacklogVanishes has the socket go away while a client waits for room.
func TestDialBacklogVanishes(t *testing.T) {
	path := filepath.Join(shortDir(t), "x.sock")
	l, err := ListenUnix(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	first, err := Dial(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	result := make(chan error, 1)
	go func() {
		_, err := Dial(context.Background(), "unix", path)
		result <- err
	}()
	l.Close()
	if err := <-result; !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error is %v, want ECONNREFUSED", err)
	}
}

// relistenOn3 makes this process the one that called listen last.
func relistenOn3([]string) error {
	if err := unix.Listen(3, 10); err != nil {
		return err
	}
	fmt.Println("listening")
	return holdUntilEOF(nil)
}

func TestDialForeignPeer(t *testing.T) {
	needRoot(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	cmd := childProcess(t, "relisten", stranger)
	cmd.ExtraFiles = []*os.File{duplicate(t, l.FD())}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	if _, err := io.ReadFull(out, make([]byte, len("listening\n"))); err != nil {
		t.Fatal(err)
	}
	wantNoLeak(t)
	_, err = Dial(t.Context(), "unix", path)
	wantUnsafe(t, err, fmt.Sprintf("the other side is uid 12345 (process %d)", cmd.Process.Pid))
	if unsafe, ok := err.(*UnsafeError); ok && unsafe.Path != path {
		t.Errorf("the error names %q", unsafe.Path)
	}
}

func duplicate(t *testing.T, fd int) *os.File {
	t.Helper()
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(copied), "listener")
	t.Cleanup(func() { f.Close() })
	return f
}

// connectAndWait is a client of another user's.
func connectAndWait(args []string) error {
	conn, err := net.Dial("unix", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = io.Copy(io.Discard, conn)
	return err
}

func TestCheckPeerOfForeignClient(t *testing.T) {
	needRoot(t)
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	cmd := childProcess(t, "connect", stranger, path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	wantUnsafe(t, CheckPeer(conn.(*net.UnixConn)), "the other side is uid 12345")
	peer, err := PeerOf(conn.(*net.UnixConn))
	if want := (Peer{PID: cmd.Process.Pid, UID: stranger}); err != nil || peer != want {
		t.Errorf("peer is %+v, %v, want %+v", peer, err, want)
	}
	f, err := conn.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if whole, err := wholePeer(int(f.Fd())); err != nil || whole != peer {
		t.Errorf("asked for the whole struct it is %+v, %v", whole, err)
	}
}
