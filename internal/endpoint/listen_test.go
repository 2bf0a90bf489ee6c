//go:build linux

package endpoint

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func listen(t *testing.T, path string) *Listener {
	t.Helper()
	l, err := ListenUnix(path, Backlog())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// TestListenUnixModeFromTheFirstMoment looks at the socket all the time while it
// is made again and again under umask 0: it must never have another mode.
func TestListenUnixModeFromTheFirstMoment(t *testing.T) {
	wantNoLeak(t)
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(shortDir(t), "x.sock")
	var stop atomic.Bool
	var looker sync.WaitGroup
	seen := 0
	looker.Go(func() {
		for !stop.Load() {
			info, err := os.Lstat(path)
			if err != nil {
				continue
			}
			seen++
			if info.Mode() != fs.ModeSocket|0o600 {
				t.Errorf("mode %v was seen", info.Mode())
				return
			}
		}
	})
	for range 500 {
		l, err := ListenUnix(path, 1)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		os.Remove(path)
	}
	stop.Store(true)
	looker.Wait()
	if seen == 0 {
		t.Error("the socket was never seen")
	}
}

func TestListenUnixUnderTightUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o777))
	path := filepath.Join(shortDir(t), "x.sock")
	listen(t, path)
	if info, err := os.Lstat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestListenUnixRefuses(t *testing.T) {
	wantNoLeak(t)
	dir := shortDir(t)
	taken := filepath.Join(dir, "taken")
	listen(t, taken).Close()
	for _, path := range []string{taken, "@abstract", "relative.sock", filepath.Join(dir, "no", "x.sock")} {
		l, err := ListenUnix(path, 1)
		if err == nil {
			t.Errorf("%s was bound", path)
			l.Close()
		}
		if path == taken && !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("error is %v, want EADDRINUSE as it is", err)
		}
	}
}

func TestListenerQueue(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	if l.Network() != "unix" || l.Address() != path {
		t.Errorf("listener is %s %s", l.Network(), l.Address())
	}
	if readable, err := l.Readable(); readable || err != nil {
		t.Errorf("an empty queue is readable: %v, %v", readable, err)
	}
	if err := l.SetNonblock(true); err != nil {
		t.Fatal(err)
	}
	if fd, err := l.Accept(); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("Accept on an empty queue gives %d, %v", fd, err)
	}
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if readable, err := l.Readable(); !readable || err != nil {
		t.Errorf("a queue of one is not readable: %v, %v", readable, err)
	}
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	wantFlags(t, fd, true, false)
	peer, err := PeerOfFD(fd)
	if want := (Peer{PID: os.Getpid(), UID: uint32(os.Geteuid())}); err != nil || peer != want {
		t.Errorf("peer is %+v, %v, want %+v", peer, err, want)
	}
}

func wantFlags(t *testing.T, fd int, cloexec, nonblock bool) {
	t.Helper()
	descriptor, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	status, err2 := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if got := descriptor&unix.FD_CLOEXEC != 0; got != cloexec {
		t.Errorf("close-on-exec is %v", got)
	}
	if got := status&unix.O_NONBLOCK != 0; got != nonblock {
		t.Errorf("O_NONBLOCK is %v", got)
	}
}

func TestListenerRelisten(t *testing.T) {
	path := filepath.Join(shortDir(t), "x.sock")
	l, err := ListenUnix(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func() (err error) {
		conn, err := net.Dial("unix", path)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return err
	}
	for err == nil {
		err = dial()
	}
	if !errors.Is(err, syscall.EAGAIN) {
		t.Fatalf("a full backlog gives %v", err)
	}
	if err := l.Relisten(100); err != nil {
		t.Fatal(err)
	}
	if err := dial(); err != nil {
		t.Errorf("after listen with more room: %v", err)
	}
}

func TestListenerClose(t *testing.T) {
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if l.FD() != -1 {
		t.Errorf("FD is %d after Close", l.FD())
	}
	if _, err := l.Readable(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Readable says %v after Close", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("Close touched the path: %v", err)
	}
}

func TestInodes(t *testing.T) {
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	var st unix.Stat_t
	if err := unix.Fstat(l.FD(), &st); err != nil {
		t.Fatal(err)
	}
	if dev, ino := l.Inode(); ino != st.Ino || dev != uint64(st.Dev) {
		t.Errorf("socket inode is %d:%d, fstat says %d:%d", dev, ino, st.Dev, st.Ino)
	}
	dev, ino, err := PathInode(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Rename(path, path+"2"); err != nil {
		t.Fatal(err)
	}
	if dev2, ino2, err := PathInode(path + "2"); err != nil || dev2 != dev || ino2 != ino {
		t.Errorf("the path's inode changed over a rename: %d:%d, %v", dev2, ino2, err)
	}
	if _, _, err := PathInode(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing path gives %v", err)
	}
}

func TestListenTCP(t *testing.T) {
	wantNoLeak(t)
	for _, address := range []string{"127.0.0.1:0", "127.1.2.3:0", "[::1]:0", "[::ffff:127.0.0.1]:0"} {
		l, err := ListenTCP(address, 10)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		wantFlags(t, l.FD(), true, false)
		conn, err := Dial(t.Context(), "tcp", l.Address())
		if err != nil {
			t.Errorf("%s: %v", address, err)
		} else {
			conn.Close()
		}
		l.Close()
	}
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:1", "[::]:0", "localhost:0", "127.0.0.1", "127.0.0.1:http"} {
		if l, err := ListenTCP(address, 10); err == nil {
			t.Errorf("%s was bound", address)
			l.Close()
		}
		if conn, err := Dial(t.Context(), "tcp", address); err == nil {
			t.Errorf("%s was dialled", address)
			conn.Close()
		}
	}
}

func TestFromFD(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "x.sock")
	l := listen(t, path)
	fd, err := unix.Dup(l.FD())
	if err != nil {
		t.Fatal(err)
	}
	wantFlags(t, fd, false, false)
	taken, err := FromFD(fd)
	if err != nil {
		t.Fatal(err)
	}
	wantFlags(t, fd, true, false)
	if taken.FD() != fd || taken.Address() != path || taken.Network() != "unix" {
		t.Errorf("taken over as %d %s %s", taken.FD(), taken.Network(), taken.Address())
	}
	if err := taken.Close(); err != nil {
		t.Error(err)
	}
}

func TestFromFDRefuses(t *testing.T) {
	wantNoLeak(t)
	dir := shortDir(t)
	for name, tt := range map[string]struct {
		open func() (int, error)
		want string
	}{
		"closed":            {func() (int, error) { return 987, nil }, "not a socket"},
		"regular file":      {func() (int, error) { return unix.Open(dir+"/f", unix.O_CREAT|unix.O_RDWR, 0o600) }, "not a socket"},
		"not listening":     {func() (int, error) { return unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) }, "does not listen"},
		"datagram":          {func() (int, error) { return unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0) }, "does not listen"},
		"sequenced packets": {func() (int, error) { return listening(unix.SOCK_SEQPACKET, &unix.SockaddrUnix{Name: dir + "/seq"}) }, "not a stream socket"},
		"all interfaces":    {func() (int, error) { return listening(unix.SOCK_STREAM, &unix.SockaddrInet4{}) }, "not a loopback address"},
	} {
		t.Run(name, func(t *testing.T) {
			fd, err := tt.open()
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(fd)
			if l, err := FromFD(fd); err == nil {
				t.Errorf("it was taken as %s", l.Address())
			} else if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %q, want %q in it", err, tt.want)
			}
		})
	}
}

func listening(kind int, at unix.Sockaddr) (int, error) {
	family := unix.AF_UNIX
	if _, ok := at.(*unix.SockaddrInet4); ok {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return -1, err
	}
	return fd, errors.Join(unix.Bind(fd, at), unix.Listen(fd, 1))
}

func TestBacklog(t *testing.T) {
	if n := Backlog(); n < 1 || n > 4096 {
		t.Errorf("Backlog() = %d", n)
	}
}

// After shutdown, by whoever shares it, a listener is dead though it is open; one
// that was renamed is not.
func TestDeadAndMoved(t *testing.T) {
	path := filepath.Join(shortDir(t), "x")
	l, err := ListenUnix(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Rename(path, path+"y"); err != nil {
		t.Fatal(err)
	}
	if l.Moved(path+"y").Address() != path+"y" || l.Dead() {
		t.Errorf("address %s, dead %v", l.Address(), l.Dead())
	}
	for _, how := range []int{unix.SHUT_RD, unix.SHUT_RDWR} {
		if err := unix.Shutdown(l.FD(), how); err != nil || !l.Dead() {
			t.Errorf("after shutdown(%d), %v: dead %v", how, err, l.Dead())
		}
	}
}
