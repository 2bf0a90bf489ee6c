//go:build linux

package endpoint

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTryLock(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "lock")
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	wantFlagsOfLock(t, first)
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock gives %v", err)
	}
	first.Close()
	second, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}

func wantFlagsOfLock(t *testing.T, f *os.File) {
	t.Helper()
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %x, %v: not close-on-exec", flags, err)
	}
	if info, err := f.Stat(); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode is %v, %v, want 0600", info.Mode(), err)
	}
}

// TestTryLockStorm has many at the lock at once: never two inside.
func TestTryLockStorm(t *testing.T) {
	wantNoLeak(t)
	path := filepath.Join(shortDir(t), "lock")
	var inside, got atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 50 {
				f, err := TryLock(path)
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				got.Add(1)
				inside.Add(-1)
				f.Close()
			}
		})
	}
	wg.Wait()
	if got.Load() == 0 {
		t.Error("nobody got it")
	}
}

// TestTryLockInherited gives the lock to a child and closes it: the child has it
// until it ends.
func TestTryLockInherited(t *testing.T) {
	path := filepath.Join(shortDir(t), "lock")
	f, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := childProcess(t, "hold", 0)
	cmd.ExtraFiles = []*os.File{f}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("while the child lives: %v", err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	f, err = TryLock(path)
	if err != nil {
		t.Fatalf("after the child's end: %v", err)
	}
	f.Close()
}

// TestFlockOfRemovedFile is the cleaner that removes the file between open and
// lock: two inodes would be two locks.
func TestFlockOfRemovedFile(t *testing.T) {
	path := filepath.Join(shortDir(t), "lock")
	for name, change := range map[string]func() error{
		"removed":  func() error { return os.Remove(path) },
		"replaced": func() error { return errors.Join(os.WriteFile(path+"2", nil, 0o600), os.Rename(path+"2", path)) },
	} {
		f, err := openLock(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if same, err := flock(f, path); same || err != nil {
			t.Errorf("%s: same is %v, %v", name, same, err)
		}
		f.Close()
	}
}

func TestTryLockRefuses(t *testing.T) {
	needRoot(t)
	wantNoLeak(t)
	for name, tt := range map[string]struct {
		make   func(t *testing.T, path string) error
		reason string
	}{
		"symbolic link": {func(_ *testing.T, p string) error { return os.Symlink(p+".victim", p) }, "a symbolic link"},
		"directory":     {func(_ *testing.T, p string) error { return os.Mkdir(p, 0o700) }, "a directory"},
		"socket":        {func(t *testing.T, p string) error { return listen(t, p).Close() }, "a socket"},
		"FIFO":          {func(_ *testing.T, p string) error { return unix.Mkfifo(p, 0o600) }, "a FIFO"},
		"of another user": {func(_ *testing.T, p string) error {
			return errors.Join(os.WriteFile(p, nil, 0o600), os.Chown(p, stranger, stranger))
		}, "belongs to uid 12345"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shortDir(t), "lock")
			if err := tt.make(t, path); err != nil {
				t.Fatal(err)
			}
			_, err := TryLock(path)
			wantUnsafe(t, err, tt.reason)
			if _, err := os.Lstat(path + ".victim"); err == nil {
				t.Error("it was created through the link")
			}
		})
	}
}
