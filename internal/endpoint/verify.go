package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// VerifyDir reports whether path is a directory that only the caller can reach
// into: not a symbolic link, owned by the effective uid, no permission for group
// and others. It changes nothing. Its error is an *UnsafeError, or wraps
// fs.ErrNotExist if there is nothing.
//
// Only the last element is judged. That is enough: whoever could replace it from
// above can only put something there that belongs to another, which is refused.
func VerifyDir(path string) error {
	return verifyDir(filepath.Clean(path)) // "link/" would be the directory behind the link
}

// EnsureDir makes path a directory that VerifyDir accepts: it creates it with
// mode 0700 if it is missing, and missing parents likewise, and verifies it. A
// directory that exists is never changed, only refused. A parent that belongs to
// neither the caller nor root is refused too, before anything is created in it.
func EnsureDir(path string) error {
	path = filepath.Clean(path)
	err := VerifyDir(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := checkOwner(path); err != nil {
		return err
	}
	if err := makeDirs(path); err != nil {
		return fmt.Errorf("cannot create directory %s: %w", path, err)
	}
	return VerifyDir(path)
}

// makeDirs is os.MkdirAll with 0700 for every element that it creates.
func makeDirs(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		if err := makeDirs(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil // somebody else was quicker, or it is not a directory: the caller looks
	}
	return err
}
