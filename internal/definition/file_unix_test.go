//go:build unix

package definition

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestUnsafeFilesAreRefused(t *testing.T) {
	cases := map[string]struct {
		make func(t *testing.T, src Sources, file string)
		want string
	}{
		"group may write":  {func(t *testing.T, _ Sources, file string) { chmod(t, file, 0o664) }, "its mode is 0664"},
		"others may write": {func(t *testing.T, _ Sources, file string) { chmod(t, file, 0o602) }, "its mode is 0602"},
		"directory": {func(t *testing.T, _ Sources, file string) {
			if err := errors.Join(os.Remove(file), os.Mkdir(file, 0o755)); err != nil {
				t.Fatal(err)
			}
		}, "it is a directory, not a regular file"},
		"pipe without a writer": {func(t *testing.T, _ Sources, file string) {
			if err := errors.Join(os.Remove(file), syscall.Mkfifo(file, 0o600)); err != nil {
				t.Fatal(err)
			}
		}, "it is a named pipe, not a regular file"},
		"device": {func(t *testing.T, _ Sources, file string) {
			if err := errors.Join(os.Remove(file), os.Symlink("/dev/null", file)); err != nil {
				t.Fatal(err)
			}
		}, "it is a device, not a regular file"},
		"dangling link": {func(t *testing.T, _ Sources, file string) {
			if err := errors.Join(os.Remove(file), os.Symlink("nowhere", file)); err != nil {
				t.Fatal(err)
			}
		}, "cannot open it: no such file or directory"},
		"link to an unsafe file": {func(t *testing.T, src Sources, file string) {
			target := write(t, filepath.Join(src.Config, "target"), minimal)
			chmod(t, target, 0o666)
			if err := errors.Join(os.Remove(file), os.Symlink(target, file)); err != nil {
				t.Fatal(err)
			}
		}, "its mode is 0666"},
		"too large": {func(t *testing.T, _ Sources, file string) {
			write(t, file, minimal+strings.Repeat("#", maxSize))
		}, "larger than 1048576 bytes"},
		"unsafe directory": {func(t *testing.T, src Sources, _ string) { chmod(t, src.Services(), 0o777) }, "its mode is 0777"},
		"unsafe drop-in": {func(t *testing.T, src Sources, _ string) {
			chmod(t, write(t, src.own("x.d", "1.toml"), ""), 0o666)
		}, "1.toml: its mode is 0666"},
		"unsafe drop-in directory": {func(t *testing.T, src Sources, _ string) {
			write(t, src.own("x.d", "1.toml"), "")
			chmod(t, src.own("x.d"), 0o775)
		}, "x.d: its mode is 0775"},
		"drop-in directory is a file": {func(t *testing.T, src Sources, _ string) { write(t, src.own("x.d"), "") }, "x.d: it is a file, not a directory"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			src := places(t)
			write(t, src.system("x.toml"), minimal) // must not come through
			file := write(t, src.own("x.toml"), minimal)
			c.make(t, src, file)
			_, err := both(t, src, "x")
			if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestOwners(t *testing.T) {
	user, system := []uint32{0, 1000}, []uint32{0}
	for _, c := range []struct {
		owner  uint32
		owners []uint32
		mode   fs.FileMode
		ok     bool
	}{
		{1000, user, 0o600, true},
		{0, user, 0o644, true},
		{1001, user, 0o600, false},
		{1001, []uint32{0, 0}, 0o600, false}, // root does not take everybody's
		{1000, system, 0o644, false},
		{0, system, 0o644, true},
		{0, system, 0o664, false},
		{1000, user, 0o602, false},
	} {
		if err := judgeOwner(c.owner, c.owners, c.mode); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
