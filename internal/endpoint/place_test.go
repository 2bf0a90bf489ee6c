//go:build linux

package endpoint

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRemoveStaleRemoves(t *testing.T) {
	wantNoLeak(t)
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	if err := RemoveStale(path); err != nil {
		t.Errorf("a missing path: %v", err)
	}
	listen(t, path).Close()
	if err := RemoveStale(path); err != nil {
		t.Errorf("a dead socket: %v", err)
	}
	dead, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	if err := RemoveStale(path); err != nil {
		t.Errorf("a dead notify socket: %v", err)
	}
	listen(t, path) // the place is free
}

func TestRemoveStaleSparesTheLiving(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	l, err := ListenUnix(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for what := range 3 { // an empty, a full and an overfull queue
		if err := RemoveStale(path); !errors.Is(err, ErrInUse) {
			t.Errorf("look %d: error is %v, want ErrInUse", what, err)
		}
	}
	gram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path + "n", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer gram.Close()
	if err := RemoveStale(path + "n"); !errors.Is(err, ErrInUse) {
		t.Errorf("a live notify socket: error is %v, want ErrInUse", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func TestRemoveStaleRefuses(t *testing.T) {
	needRoot(t)
	for name, tt := range map[string]struct {
		make   func(t *testing.T, path string) error
		reason string
	}{
		"regular file": {func(_ *testing.T, p string) error { return os.WriteFile(p, []byte("precious"), 0o600) }, "a regular file"},
		"directory":    {func(_ *testing.T, p string) error { return os.Mkdir(p, 0o700) }, "a directory"},
		"FIFO":         {func(_ *testing.T, p string) error { return unix.Mkfifo(p, 0o600) }, "a FIFO"},
		"link to a dead socket": {func(t *testing.T, p string) error {
			listen(t, p+".real").Close()
			return os.Symlink(p+".real", p)
		}, "a symbolic link"},
		"dead socket of another user": {func(t *testing.T, p string) error {
			listen(t, p).Close()
			return os.Lchown(p, stranger, stranger)
		}, "belongs to uid 12345"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			path := filepath.Join(dir, "x.sock")
			if err := tt.make(t, path); err != nil {
				t.Fatal(err)
			}
			wantUnsafe(t, RemoveStale(path), tt.reason)
			live := filepath.Join(dir, "live")
			listen(t, live)
			wantUnsafe(t, Rename(live, path), tt.reason)
			wantUnsafe(t, Rename(path, live), tt.reason)
			if _, err := os.Lstat(path); err != nil {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

// TestRemoveStaleWithoutPermission has an ordinary user who may see a dead
// socket of his own but not connect to it (S35): no verdict, not "stale".
func TestRemoveStaleWithoutPermission(t *testing.T) {
	needRoot(t)
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	listen(t, path).Close()
	giveAway(t, dir)
	giveAway(t, path)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	got, err := output(t, childProcess(t, "remove-stale", stranger, path))
	if err == nil || !strings.Contains(got, "cannot tell whether") || !strings.Contains(got, "permission denied") {
		t.Errorf("the child says %q (%v)", got, err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// TestRenameUnderConnects replaces one live socket by another while clients
// connect in a loop: none may be refused.
func TestRenameUnderConnects(t *testing.T) {
	wantNoLeak(t)
	dir := shortDir(t)
	path := filepath.Join(dir, "x.sock")
	current := listen(t, path)
	stop, failed := make(chan struct{}), make(chan error, 1)
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			conn, err := Dial(t.Context(), "unix", path)
			if err != nil {
				failed <- err
				return
			}
			conn.Close()
		}
	})
	for range 400 {
		next := listen(t, filepath.Join(dir, "next"))
		if err := Rename(filepath.Join(dir, "next"), path); err != nil {
			t.Fatal(err)
		}
		defer current.Close() // its queue is not what this test is about
		current = next
	}
	close(stop)
	clients.Wait()
	select {
	case err := <-failed:
		t.Errorf("a client was refused: %v", err)
	default:
	}
}
