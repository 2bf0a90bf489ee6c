package helper

import (
	"io"
	"os"
)

// body is a put's body on its way to a file. If the store's disk is full it moves
// to the directory for temporary files, which may be elsewhere: the daemon will
// not keep it then, but the build goes on.
type body struct {
	file  *os.File
	size  int64  // bytes written
	temp  string // where to move; empty: os.TempDir()
	moved bool
}

// newBody creates the file at path. It is read-only: nobody has a reason to write
// to an object.
func newBody(path, temp string) (*body, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o444)
	if err != nil {
		return nil, err
	}
	return &body{file: f, temp: temp}, nil
}

// Write implements io.Writer.
func (b *body) Write(p []byte) (int, error) {
	n, err := b.file.Write(p)
	b.size += int64(n)
	if err == nil || b.moved || b.move() != nil {
		return n, err
	}
	m, err := b.file.Write(p[n:])
	b.size += int64(m)
	return n + m, err
}

// move begins a file elsewhere with what was written so far.
func (b *body) move() error {
	b.moved = true
	f, err := os.CreateTemp(b.temp, "gocache-")
	if err != nil {
		return err
	}
	if _, err = b.file.Seek(0, io.SeekStart); err == nil {
		_, err = io.CopyN(f, b.file, b.size)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return err
	}
	b.file.Close()
	os.Remove(b.file.Name())
	b.file = f
	return nil
}
