//go:build unix

package endpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// verifyDir is one lstat: it judges the last element as openat with
// O_DIRECTORY|O_NOFOLLOW and fstat would, for a third of the price, and a
// descriptor would prove no more, since sockets are connected to by path.
func verifyDir(path string) error {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil {
		return &fs.PathError{Op: "look at", Path: path, Err: err}
	}
	return judgeDir(path, &st)
}

func judgeDir(path string, st *unix.Stat_t) error {
	switch mode := uint32(st.Mode); {
	case mode&unix.S_IFMT == unix.S_IFLNK:
		return &UnsafeError{path, "it is a symbolic link, not a directory"}
	case mode&unix.S_IFMT != unix.S_IFDIR:
		return &UnsafeError{path, "it is not a directory"}
	case int(st.Uid) != os.Geteuid():
		return foreign(path, st.Uid)
	case mode&0o077 != 0:
		return &UnsafeError{path, fmt.Sprintf("its mode is %04o, others can reach into it (chmod 700 it, if what is in it can be trusted)", mode&0o7777)}
	}
	return nil
}

func foreign(path string, uid uint32) error {
	return &UnsafeError{path, fmt.Sprintf("it belongs to uid %d, this process is uid %d", uid, os.Geteuid())}
}

// lstat is unix.Lstat with the interruptions that some file systems have.
func lstat(path string, st *unix.Stat_t) error {
	for {
		if err := unix.Lstat(path, st); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// checkIdentity refuses a process that is two users at once: it would use one's
// directories with the other's rights.
func checkIdentity() error {
	if real, effective := os.Getuid(), os.Geteuid(); real != effective {
		return &UnsafeError{Reason: "real uid " + strconv.Itoa(real) + " and effective uid " + strconv.Itoa(effective) + " differ"}
	}
	return nil
}

// checkOwner refuses a directory that belongs to another user, and one that is
// missing and would be created in another's: root must not leave its files in
// the home that sudo kept in its environment. Symbolic links are followed, for
// people keep their configuration behind them.
func checkOwner(path string) error {
	var st unix.Stat_t
	dir, missing := filepath.Clean(path), false
	for {
		err := unix.Stat(dir, &st)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
			return &fs.PathError{Op: "look at", Path: dir, Err: err}
		}
		if dir == filepath.Dir(dir) {
			return &UnsafeError{path, "it is not an absolute path"}
		}
		dir, missing = filepath.Dir(dir), true
	}
	if int(st.Uid) == os.Geteuid() || missing && st.Uid == 0 {
		return nil
	}
	return foreign(dir, st.Uid)
}
