//go:build linux

package helper

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A body whose disk is full half-way is whole all the same, elsewhere.
func TestBodyMoves(t *testing.T) {
	temp := t.TempDir()
	b, err := newBody(filepath.Join(t.TempDir(), "1"), temp)
	if err != nil {
		t.Fatal(err)
	}
	first := b.file.Name()
	if _, err := b.Write([]byte("first half, ")); err != nil {
		t.Fatal(err)
	}
	fill(t, b.file)
	if _, err := io.Copy(b, bytes.NewReader([]byte("second half"))); err != nil {
		t.Fatal(err)
	}
	if err := b.file.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(b.file.Name())
	if err != nil || string(data) != "first half, second half" || b.size != int64(len(data)) {
		t.Errorf("%q, %d bytes, %v", data, b.size, err)
	}
	if filepath.Dir(b.file.Name()) != temp {
		t.Errorf("the body is in %s", b.file.Name())
	}
	if _, err := os.Lstat(first); err == nil {
		t.Error("half a body was left behind")
	}
}

// fill makes every further write to f fail, as on a full disk: the descriptor is
// opened again for reading only.
func fill(t *testing.T, f *os.File) {
	t.Helper()
	fd, err := unix.Open(f.Name(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Dup3(fd, int(f.Fd()), unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
}
