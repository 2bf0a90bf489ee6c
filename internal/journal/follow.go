package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// Copy sends what is kept at path to send, in order: with lines > 0 the last
// so many lines of the current file, otherwise every older file first and then
// the current one. With follow it goes on with what is appended, over
// rotations, until ctx ends, and then returns nil.
func Copy(ctx context.Context, path string, lines int, follow bool, send func([]byte) error) error {
	var watcher *fsnotify.Watcher
	if follow {
		var err error
		if watcher, err = watch(path); err != nil {
			return err
		}
		defer watcher.Close()
	}
	if lines <= 0 {
		if err := copyOlder(path, send); err != nil {
			return err
		}
	}
	r := &reader{path: path}
	defer r.close()
	if err := r.begin(lines); err != nil {
		return err
	}
	if err := r.drain(send); err != nil || !follow {
		return err
	}
	return r.follow(ctx, watcher, send)
}

func watch(path string) (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("cannot follow %s: %w", path, err)
	}
	if err := w.Add(filepath.Dir(path)); err != nil {
		w.Close()
		return nil, fmt.Errorf("cannot follow %s: %w", path, err)
	}
	return w, nil
}

// copyOlder sends path.N … path.1, oldest first.
func copyOlder(path string, send func([]byte) error) error {
	last := 0
	for exists(numbered(path, last+1)) {
		last++
	}
	for i := last; i > 0; i-- {
		r := &reader{path: numbered(path, i)}
		err := r.begin(0)
		if err == nil {
			err = r.drain(send)
		}
		r.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// reader reads one log file from a position on.
type reader struct {
	path string
	f    *os.File // nil while the file does not exist
}

func (r *reader) close() {
	if r.f != nil {
		r.f.Close()
		r.f = nil
	}
}

// begin opens the file and seeks to its last so many lines; 0: its beginning.
func (r *reader) begin(lines int) error {
	f, err := os.Open(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read log: %w", err)
	}
	r.f = f
	if lines <= 0 {
		return nil
	}
	at, err := lastLines(f, lines)
	if err == nil {
		_, err = f.Seek(at, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("cannot read log: %w", err)
	}
	return nil
}

// lastLines returns the offset at which the last n lines of f begin.
func lastLines(f *os.File, n int) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	block := make([]byte, 32<<10)
	for pos, seen := end, 0; pos > 0; {
		size := min(int64(len(block)), pos)
		pos -= size
		if _, err := f.ReadAt(block[:size], pos); err != nil {
			return 0, err
		}
		for i := size - 1; i >= 0; i-- {
			if block[i] != '\n' || pos+i == end-1 {
				continue
			}
			if seen++; seen == n {
				return pos + i + 1, nil
			}
		}
	}
	return 0, nil
}

// drain sends everything up to the end of the file.
func (r *reader) drain(send func([]byte) error) error {
	if r.f == nil {
		return nil
	}
	block := make([]byte, 32<<10)
	for {
		n, err := r.f.Read(block)
		if n > 0 {
			if err := send(bytes.Clone(block[:n])); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot read log: %w", err)
		}
	}
}

func (r *reader) follow(ctx context.Context, w *fsnotify.Watcher, send func([]byte) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.Errors:
			return fmt.Errorf("cannot follow log: %w", err)
		case event := <-w.Events:
			if event.Name != r.path {
				continue
			}
		}
		if err := r.catchUp(send); err != nil {
			return err
		}
	}
}

// catchUp sends what is new and moves on to a new file after a rotation.
func (r *reader) catchUp(send func([]byte) error) error {
	if err := r.drain(send); err != nil {
		return err
	}
	if r.current() {
		return nil
	}
	r.close()
	if err := r.begin(0); err != nil {
		return err
	}
	return r.drain(send)
}

// current reports whether the open file is still the one at the path.
func (r *reader) current() bool {
	if r.f == nil {
		return false
	}
	here, err := os.Stat(r.path)
	if err != nil {
		return true // between rename and create: wait for the new one
	}
	mine, err := r.f.Stat()
	return err == nil && os.SameFile(here, mine)
}
