package definition

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// read opens, judges and parses a file.
func (l *loader) read(f dir) (*source, *Problem) {
	data, err := readFile(f)
	if err != nil {
		return nil, problemOf(f.path, err)
	}
	return readTOML(f.path, data)
}

// readFile judges what was opened, not what the path led to a moment before.
func readFile(f dir) ([]byte, error) {
	file, err := open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is %s, not a regular file", modeName(info.Mode()))
	}
	if err := judge(info, f); err != nil {
		return nil, err
	}
	// One byte more than allowed tells a file that is too large.
	return io.ReadAll(io.LimitReader(file, maxSize+1))
}

// judgeDir refuses a directory in which others could put or swap files.
func (l *loader) judgeDir(d dir) *Problem {
	info, err := os.Stat(d.path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("it is %s, not a directory", modeName(info.Mode()))
	}
	if err == nil {
		err = judge(info, d)
	}
	if err != nil {
		return problemOf(d.path, err)
	}
	return nil
}

// entries returns the sorted names in a directory, with the problem if it is
// unsafe, or nil if it cannot be read. One that is not there is empty.
func (l *loader) entries(d dir) ([]string, *Problem) {
	f, err := open(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	if err != nil {
		return nil, problemOf(d.path, err)
	}
	defer f.Close()
	unsafe := l.judgeDir(d)
	names, err := f.Readdirnames(-1)
	switch {
	case err == nil:
		slices.Sort(names)
		return append([]string{}, names...), unsafe
	case unsafe != nil:
		return nil, unsafe
	default:
		return nil, problemOf(d.path, err)
	}
}

func problemOf(path string, err error) *Problem {
	reason := err.Error()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		reason = fmt.Sprintf("cannot %s it: %v", pe.Op, pe.Err)
	}
	return &Problem{File: path, Reason: reason}
}

func modeName(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	default:
		return "a device"
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

func readNames(path string) ([]string, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
