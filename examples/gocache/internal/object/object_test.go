package object_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

func TestVerify(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "object")
	if err := os.WriteFile(path, []byte("body"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := object.Output(sha256.Sum256([]byte("body")))
	stamp, err := object.Verify(path, sum, 4)
	if again, _ := object.StampOf(path); err != nil || stamp != again {
		t.Errorf("Verify = %+v, %v, StampOf = %+v", stamp, err, again)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		sum  object.Output
		size int64
	}{
		"another sum":   {path, object.Output{1}, 4},
		"another size":  {path, sum, 3},
		"a symlink":     {link, sum, 4},
		"a directory":   {dir, sum, 4},
		"not even that": {filepath.Join(dir, "none"), sum, 4},
	} {
		_, err := object.Verify(c.path, c.sum, c.size)
		if _, ok := errors.AsType[*object.DamagedError](err); !ok && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseOutput(t *testing.T) {
	want := object.Output(sha256.Sum256(nil))
	if got, ok := object.ParseOutput(want.String()); !ok || got != want {
		t.Errorf("ParseOutput = %v, %v", got, ok)
	}
	for _, s := range []string{"", "ab", want.String()[:63] + "g", want.String() + "00"} {
		if _, ok := object.ParseOutput(s); ok {
			t.Errorf("ParseOutput(%q) is accepted", s)
		}
	}
}
