//go:build unix

package object

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// stampOf is one lstat without the allocations of os.Lstat: it is done for
// every hit.
func stampOf(path string) (Stamp, error) {
	var st unix.Stat_t
	for {
		err := unix.Lstat(path, &st)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return Stamp{}, pathError(path, err)
		}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG {
		return Stamp{}, notRegular(path, fileMode(uint32(st.Mode)))
	}
	return Stamp{Size: st.Size, ModTime: st.Mtim.Nano(), Inode: st.Ino}, nil
}

func pathError(path string, err error) error {
	return &fs.PathError{Op: "lstat", Path: path, Err: err}
}

// fileMode translates the types of file that may stand in an object's place.
func fileMode(mode uint32) fs.FileMode {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	default:
		return fs.ModeIrregular
	}
}
