//go:build linux

package watch

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// stormVariable makes the test binary a daemon that serves the listener which it
// inherits as descriptor 3, and its own clients: the value is how many.
const stormVariable = "DAEMONRY_WATCH_TEST_STORM"

// patience is for what must happen; tests fail after it.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(stormVariable)); err == nil {
		playStorm(n)
		return
	}
	goleak.VerifyTestMain(m)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func playStorm(n int) {
	l, err := net.FileListener(os.NewFile(3, "listener"))
	check(err)
	go func() {
		for range n {
			c, err := l.Accept()
			check(err)
			_, err = c.Write([]byte{1})
			check(err)
			c.Close()
		}
	}()
	for range n {
		c, err := net.Dial("unix", l.Addr().String())
		check(err)
		_, err = io.ReadAll(c)
		check(err)
		c.Close()
	}
	fmt.Println(n)
}

// storm has another process take n connections from the listener.
func storm(t *testing.T, l listener, n int) {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(l.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "listener")
	defer file.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), stormVariable+"="+strconv.Itoa(n))
	cmd.Stderr, cmd.ExtraFiles = os.Stderr, []*os.File{file}
	out, err := cmd.Output()
	if err != nil || string(out) != fmt.Sprintln(n) {
		t.Fatalf("the daemon: %q, %v", out, err)
	}
}

// listener is a raw listening descriptor.
type listener struct {
	fd   int
	path string
}

// directory is short enough for the paths of sockets.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func listen(t *testing.T, dir string, i int) listener {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	path := filepath.Join(dir, strconv.Itoa(i))
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 128); err != nil {
		t.Fatal(err)
	}
	return listener{fd, path}
}

// connect leaves a connection in the backlog.
func (l listener) connect(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: l.path}); err != nil {
		t.Fatal(err)
	}
}

// accept takes one connection off the backlog.
func (l listener) accept(t *testing.T) {
	t.Helper()
	fd, _, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// watching returns a watcher and its events.
func watching(t *testing.T) (*Watcher, chan uint64) {
	t.Helper()
	events := make(chan uint64, 10000)
	w, err := New(func(token uint64) { events <- token })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w, events
}

func expect(t *testing.T, events <-chan uint64, want uint64) {
	t.Helper()
	select {
	case got := <-events:
		if got != want {
			t.Fatalf("event %d, want %d", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("event %d did not come", want)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
