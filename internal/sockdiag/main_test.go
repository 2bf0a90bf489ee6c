//go:build linux

package sockdiag

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

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

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// socket is closed when the test ends, if not before.
func socket(t *testing.T, domain, kind int) int {
	t.Helper()
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
	ok(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// listener is a raw listening descriptor.
type listener struct {
	t    *testing.T
	fd   int
	path string
	ino  Inode
}

func bound(t *testing.T, dir, name string, kind int) listener {
	t.Helper()
	l := listener{t: t, fd: socket(t, unix.AF_UNIX, kind), path: filepath.Join(dir, name)}
	ok(t, unix.Bind(l.fd, &unix.SockaddrUnix{Name: l.path}))
	return l
}

func listening(t *testing.T, dir, name string, backlog int) listener {
	t.Helper()
	l := bound(t, dir, name, unix.SOCK_STREAM)
	ok(t, unix.Listen(l.fd, backlog))
	return l
}

// connect returns the client's descriptor and its inode.
func (l listener) connect() (fd int, ino uint32) {
	l.t.Helper()
	fd = socket(l.t, unix.AF_UNIX, unix.SOCK_STREAM)
	ok(l.t, unix.Connect(fd, &unix.SockaddrUnix{Name: l.path}))
	return fd, inode(l.t, fd)
}

func (l listener) accept() int {
	l.t.Helper()
	fd, _, err := unix.Accept4(l.fd, unix.SOCK_CLOEXEC)
	ok(l.t, err)
	l.t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func (l listener) file() Inode {
	l.t.Helper()
	file, err := Of(l.fd)
	ok(l.t, err)
	return file
}

// look returns what Listeners says of it.
func (l listener) look() Socket {
	l.t.Helper()
	table, err := Listeners()
	ok(l.t, err)
	s, found := table[l.file()]
	if !found {
		l.t.Fatalf("%s (%+v) is not in the table", l.path, l.file())
	}
	return s
}

// accepted returns what Connections says of it.
func (l listener) accepted() uint32 {
	l.t.Helper()
	counts, err := Connections()
	ok(l.t, err)
	return counts[l.file()]
}

func inode(t *testing.T, fd int) uint32 {
	t.Helper()
	var st unix.Stat_t
	ok(t, unix.Fstat(fd, &st))
	return uint32(st.Ino)
}

func descriptors(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	return len(fds)
}
