//go:build linux

package endpoint

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestKey pins the names that PROTOCOL.md promises to other languages:
// printf 'VERSION\0INSTANCE' | sha256sum | cut -c1-10.
func TestKey(t *testing.T) {
	for _, tt := range [][4]string{
		{"x", "", "", "x"},
		{"x", "1.4.0", "", "x@8952ce239b"},
		{"x", "", "/home/me", "x@20cef88e27"},
		{"x", "1", "2", "x@095017f4ff"},
	} {
		if got := Key(tt[0], tt[1], tt[2]); got != tt[3] {
			t.Errorf("Key(%q, %q, %q) = %s, want %s", tt[0], tt[1], tt[2], got, tt[3])
		}
	}
	if got := Short("x"); got != "2d711642b7" {
		t.Errorf("Short(x) = %s", got)
	}
}

func TestPathRefuses(t *testing.T) {
	for _, tt := range [][2]string{{"", "x"}, {"run", "x"}, {"/r", ""}, {"/r", "../x"}, {"/r", "X"}, {"/r", "a/b"}} {
		if path, err := Path(tt[0], tt[1], "", ""); err == nil {
			t.Errorf("Path(%q, %q) = %q", tt[0], tt[1], path)
		}
	}
}

// TestPathFits tries every length of runtime directory around the limit: what
// Path accepts can be bound, and so can the longest private socket.
func TestPathFits(t *testing.T) {
	root := shortDir(t)
	refused, accepted := 0, 0
	for _, service := range []string{"x", strings.Repeat("s", 64)} {
		for n := len(root) + 2; n < 120; n++ {
			runtime := root + "/" + strings.Repeat("r", n-len(root)-1)
			path, err := Path(runtime, service, "1.0", "")
			var long *TooLongError
			if errors.As(err, &long) {
				refused++
				if long.Max != 107 || long.Len <= long.Max {
					t.Errorf("error says %d of %d", long.Len, long.Max)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			accepted++
			mustBind(t, runtime, path)
			mustBind(t, runtime, Dirs{Runtime: runtime}.Private(Short(service)+".4294967295.notify"))
		}
	}
	if refused < 20 || accepted < 20 {
		t.Errorf("%d accepted, %d refused: the limit was not crossed", accepted, refused)
	}
}

func mustBind(t *testing.T, runtime, path string) {
	t.Helper()
	if err := os.MkdirAll(runtime+"/"+PrivateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := ListenUnix(path, 1)
	if err != nil {
		t.Fatalf("%d bytes: %v", len(path), err)
	}
	l.Close()
}

func TestListenUnixTooLong(t *testing.T) {
	dir := shortDir(t)
	path := dir + "/" + strings.Repeat("x", 108-len(dir)-1)
	_, err := ListenUnix(path, 1)
	if long, ok := err.(*TooLongError); !ok || long.Len != 108 || long.Max != 107 {
		t.Errorf("error is %T %v", err, err)
	}
}
