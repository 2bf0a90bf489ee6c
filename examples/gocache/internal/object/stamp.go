package object

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A Stamp tells cheaply (one lstat) whether a file is still the one whose bytes
// were verified: whoever writes to a file changes its modification time, and
// whoever replaces it changes its inode.
type Stamp struct {
	Size    int64  // bytes
	ModTime int64  // nanoseconds since 1970
	Inode   uint64 // zero where the system has none
}

// StampOf returns the stamp of the regular file at path; a symbolic link or
// anything else is an error.
func StampOf(path string) (Stamp, error) {
	return stampOf(path)
}

// A DamagedError says that a file's bytes are not those of its object.
type DamagedError struct {
	Path   string
	Reason string
}

// Error returns "damaged object PATH: why".
func (e *DamagedError) Error() string { return "damaged object " + e.Path + ": " + e.Reason }

// Verify reads the file at path and checks that it holds size bytes whose
// SHA-256 is output. It returns the stamp of what it read: the stamp is taken
// before and after, and a file that changed in between is damaged.
func Verify(path string, output Output, size int64) (Stamp, error) {
	before, err := StampOf(path)
	if err != nil {
		return Stamp{}, err
	}
	if before.Size != size {
		return Stamp{}, &DamagedError{path, fmt.Sprintf("%d bytes instead of %d", before.Size, size)}
	}
	sum, err := sumFile(path)
	if err != nil {
		return Stamp{}, err
	}
	if sum != output {
		return Stamp{}, &DamagedError{path, "its SHA-256 is " + sum.String()}
	}
	after, err := StampOf(path)
	if err != nil {
		return Stamp{}, err
	}
	if after != before {
		return Stamp{}, &DamagedError{path, "it changed while it was read"}
	}
	return after, nil
}

func sumFile(path string) (Output, error) {
	f, err := os.Open(path)
	if err != nil {
		return Output{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Output{}, err
	}
	return Output(h.Sum(nil)), nil
}

func notRegular(path string, mode fs.FileMode) error {
	return &DamagedError{path, "it is not a regular file but " + mode.Type().String()}
}
