package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// Defaults of DESIGN.md §12.
const (
	DefaultMaxSize = 10 << 20 // bytes in one file
	DefaultKeep    = 3        // older files kept beside the current one
)

// Open opens the log at path for appending, mode 0600, after rotating it if it
// has reached maxSize bytes, keeping keep older files. Zero or negative values
// mean the defaults. The offset at which new output begins is returned with it.
func Open(path string, maxSize int64, keep int) (f *os.File, offset int64, err error) {
	if maxSize <= 0 {
		maxSize = DefaultMaxSize
	}
	if keep <= 0 {
		keep = DefaultKeep
	}
	if info, err := os.Stat(path); err == nil && info.Size() >= maxSize {
		if err := rotate(path, keep); err != nil {
			return nil, 0, err
		}
	}
	f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("cannot open log: %w", err)
	}
	return f, info.Size(), nil
}

func rotate(path string, keep int) error {
	for i := keep; i > 0; i-- {
		err := os.Rename(numbered(path, i-1), numbered(path, i))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot rotate log: %w", err)
		}
	}
	return nil
}

// numbered is path for 0, path.1 for 1 and so on.
func numbered(path string, i int) string {
	if i == 0 {
		return path
	}
	return path + "." + strconv.Itoa(i)
}

// Tail returns at most limit bytes of what path holds from offset on, and
// whole lines only if it had to cut. A missing file is empty.
func Tail(path string, offset int64, limit int) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() <= offset {
		return ""
	}
	start := max(offset, info.Size()-int64(limit))
	data := make([]byte, info.Size()-start)
	n, err := f.ReadAt(data, start)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	data = data[:n]
	if start > offset {
		data = afterNewline(data)
	}
	return string(data)
}

func afterNewline(data []byte) []byte {
	for i, c := range data {
		if c == '\n' {
			return data[i+1:]
		}
	}
	return data
}
