//go:build linux

package endpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

func TestEnsureDirCreates(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	root := shortDir(t)
	deep := filepath.Join(root, "a", "b", "c")
	if err := VerifyDir(deep); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("VerifyDir says %v before it exists", err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := EnsureDir(deep); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, dir := range []string{deep, filepath.Dir(deep), filepath.Join(root, "a")} {
		if info, err := os.Lstat(dir); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s: mode %v, %v, want 0700 in spite of umask 0", dir, info.Mode(), err)
		}
	}
}

func TestVerifyDirRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		make   func(path string) error
		reason string
	}{
		"regular file": {func(p string) error { return os.WriteFile(p, []byte("mine"), 0o600) }, "not a directory"},
		"symbolic link to a good directory": {func(p string) error {
			return errors.Join(os.Mkdir(p+".d", 0o700), os.Symlink(p+".d", p))
		}, "symbolic link"},
		"dangling link":  {func(p string) error { return os.Symlink("/nonexistent", p) }, "symbolic link"},
		"open to others": {func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o750)) }, "its mode is 0750"},
		"sticky and open to all": {func(p string) error {
			return errors.Join(os.Mkdir(p, 0o700), os.Chmod(p, 0o777|fs.ModeSticky))
		}, "its mode is 1777"},
		"of another user": {func(p string) error { return errors.Join(os.Mkdir(p, 0o700), os.Chown(p, stranger, 0)) }, "belongs to uid 12345"},
		"foreign link": {func(p string) error {
			return errors.Join(os.Symlink("/tmp", p), os.Lchown(p, stranger, stranger))
		}, "symbolic link"},
	} {
		t.Run(name, func(t *testing.T) {
			needRoot(t)
			path := filepath.Join(shortDir(t), "x")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			wantUnsafe(t, VerifyDir(path), tt.reason)
			wantUnsafe(t, EnsureDir(path), tt.reason)
			wantUnsafe(t, VerifyDir(path+"/"), tt.reason)
			after, err := os.Lstat(path)
			if err != nil || after.Mode() != before.Mode() || after.ModTime() != before.ModTime() {
				t.Errorf("it was changed from %v to %v, %v", before.Mode(), after.Mode(), err)
			}
		})
	}
}

func TestEnsureDirCreatesNothingInForeignParent(t *testing.T) {
	needRoot(t)
	parent := shortDir(t)
	giveAway(t, parent)
	wantUnsafe(t, EnsureDir(filepath.Join(parent, "a", "b")), "belongs to uid 12345")
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("the foreign directory has %v, %v", entries, err)
	}
}

func TestEnsureDirBelowFile(t *testing.T) {
	file := filepath.Join(shortDir(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := EnsureDir(filepath.Join(file, "x")); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("error is %v, want ENOTDIR", err)
	}
}
