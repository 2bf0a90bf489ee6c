//go:build unix

package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

func removeStale(path string) error {
	before, err := ownSocket(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := probe(path); err != nil {
		return err
	}
	after, err := ownSocket(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case before.Ino != after.Ino || before.Dev != after.Dev:
		return fmt.Errorf("cannot remove stale socket %s: %w", path, ErrInUse) // replaced: somebody is at work here
	}
	if err := unix.Unlink(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove stale socket %s: %w", path, err)
	}
	return nil
}

// probe returns nil if connect says that nobody listens at path. A full backlog
// and a socket of another type are alive too.
func probe(path string) error {
	if err := CheckLen(path); err != nil {
		return err
	}
	fd, err := socket(unix.AF_UNIX)
	if err != nil {
		return fmt.Errorf("cannot probe %s: %w", path, err)
	}
	defer unix.Close(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("cannot probe %s: %w", path, err)
	}
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENOENT):
		return nil
	case err == nil, errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINPROGRESS), errors.Is(err, unix.EINTR), errors.Is(err, unix.EPROTOTYPE):
		return fmt.Errorf("cannot take the place of %s: %w", path, ErrInUse)
	}
	return fmt.Errorf("cannot tell whether %s is in use: %w", path, err)
}

// ownSocket is lstat of a socket that belongs to the caller.
func ownSocket(path string) (unix.Stat_t, error) {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return st, &fs.PathError{Op: "look at", Path: path, Err: err}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFSOCK {
		return st, &UnsafeError{path, "it is " + kind(uint32(st.Mode)) + ", not a socket"}
	}
	if int(st.Uid) != os.Geteuid() {
		return st, foreign(path, st.Uid)
	}
	return st, nil
}

func kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFLNK:
		return "a symbolic link"
	case unix.S_IFIFO:
		return "a FIFO"
	}
	return "a device"
}

func rename(from, to string) error {
	if _, err := ownSocket(from); err != nil {
		return err
	}
	if _, err := ownSocket(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := unix.Rename(from, to); err != nil {
		return fmt.Errorf("cannot rename %s to %s: %w", from, to, err)
	}
	return nil
}
