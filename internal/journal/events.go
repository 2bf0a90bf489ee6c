package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// MaxEvents bounds the file of events, in bytes; one older file of that size is
// kept beside it.
const MaxEvents = 4 << 20

// Events is a file of lines, one for each event. It may be used from several
// goroutines.
type Events struct {
	path string

	mu   sync.Mutex // guards what follows
	f    *os.File
	size int64
}

// OpenEvents opens the file at path for appending, mode 0600.
func OpenEvents(path string) (*Events, error) {
	f, size, err := Open(path, MaxEvents, 1)
	if err != nil {
		return nil, err
	}
	return &Events{path: path, f: f, size: size}, nil
}

// Append adds one line, whole or not at all as far as the system allows: it is
// a single write to a file opened for appending.
func (e *Events) Append(line []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.size >= MaxEvents {
		if err := e.rotateLocked(); err != nil {
			return err
		}
	}
	n, err := e.f.Write(append(bytes.Clone(line), '\n'))
	e.size += int64(n)
	if err != nil {
		return fmt.Errorf("cannot record an event: %w", err)
	}
	return nil
}

func (e *Events) rotateLocked() error {
	f, size, err := Open(e.path, MaxEvents, 1)
	if err != nil {
		return err
	}
	e.f.Close()
	e.f, e.size = f, size
	return nil
}

// Close closes the file.
func (e *Events) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.f.Close()
}

// LastEvents returns the last n lines at path for which keep says yes, oldest
// first, over the older file too. A line that was cut short by a crash is for
// keep to refuse.
func LastEvents(path string, n int, keep func(line []byte) bool) ([][]byte, error) {
	var lines [][]byte
	for _, file := range []string{path, numbered(path, 1)} { // newest first
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read events: %w", err)
		}
		lines = append(matching(data, n-len(lines), keep), lines...)
		if len(lines) >= n {
			break
		}
	}
	return lines, nil
}

// matching returns the last n matching lines of data, in order.
func matching(data []byte, n int, keep func([]byte) bool) [][]byte {
	all := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	var found [][]byte
	for i := len(all) - 1; i >= 0 && len(found) < n; i-- {
		if len(all[i]) > 0 && keep(all[i]) {
			found = append([][]byte{all[i]}, found...)
		}
	}
	return found
}
