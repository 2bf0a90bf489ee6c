//go:build unix

package view

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the file at path read-only. The file is never truncated by its
// writer (views are replaced by rename), so that reading cannot fault.
func mapFile(path string) ([]byte, func() error, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close() // a mapping outlives its descriptor
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() < headerSize || info.Size() > maxItems*itemSize {
		return nil, nil, &FormatError{path, "its size is impossible"}
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return data, func() error { return unix.Munmap(data) }, nil
}
