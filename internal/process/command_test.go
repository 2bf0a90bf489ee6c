//go:build unix

package process

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckCommand(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/gone", link); err != nil {
		t.Fatal(err)
	}
	loop := filepath.Join(dir, "loop")
	put("loop", "#!"+loop+"\n", 0o700)
	plain := put("plain", "#!/bin/sh\n", 0o600)
	for _, c := range []struct {
		argv []string
		want string // of the error; empty: none
	}{
		{[]string{"/bin/sh", "-c", "true"}, ""},
		{[]string{os.Args[0]}, ""},
		{[]string{put("script", "#!/bin/sh -e\nexit\n", 0o700)}, ""},
		{[]string{put("spaces", "#! \t/bin/sh\t-e\n", 0o700)}, ""},
		{[]string{put("bare", "#!/bin/sh", 0o700)}, ""},
		{nil, "it is empty"},
		{[]string{""}, "it is empty"},
		{[]string{"sh"}, "cannot execute sh: not an absolute path"},
		{[]string{"/bin/sh", "a\x00"}, "an argument holds a NUL byte"},
		{[]string{dir + "/none"}, "/none: no such file"},
		{[]string{plain + "/x"}, "not a directory"},
		{[]string{link}, "/link: a symbolic link to /gone, which does not exist"},
		{[]string{dir}, "it is a directory"},
		{[]string{os.DevNull}, "/dev/null: not a regular file"},
		{[]string{plain}, "/plain: not executable (mode -rw-------"},
		{[]string{put("py", "#!/opt/none/python\n", 0o700)}, "cannot execute /opt/none/python: no such file, the interpreter of " + dir + "/py"},
		{[]string{put("deep", "#!"+plain+"\n", 0o700)}, "/plain: not executable"},
		{[]string{put("dos", "#!/bin/sh\r\nexit\r\n", 0o700)}, "carriage return"},
		{[]string{put("env", "#!python\n", 0o700)}, "its interpreter python is not an absolute path"},
		{[]string{put("empty", "#!\n", 0o700)}, "names no interpreter"},
		{[]string{put("long", "#!/"+strings.Repeat("x", 300)+"\n", 0o700)}, "too long"},
		{[]string{loop}, "too many scripts"},
	} {
		err := CheckCommand(c.argv)
		var typed *CommandError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.argv, err)
		case c.want != "" && (!errors.As(err, &typed) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: %v, want %q", c.argv, err, c.want)
		}
	}
}
