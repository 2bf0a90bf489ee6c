//go:build unix

package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

func systemDirs() []string {
	return []string{"/usr/local/share/daemonry/services", "/usr/share/daemonry/services"}
}

// open does not wait for the writer of a named pipe, nor take a terminal.
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// judge refuses what somebody else could have written: a definition says what
// is executed as this user.
func judge(info fs.FileInfo, d dir) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("its owner cannot be told")
	}
	owners := []uint32{d.root, uint32(os.Geteuid())}
	if d.system {
		owners = owners[:1]
	}
	return judgeOwner(st.Uid, owners, info.Mode().Perm())
}

func judgeOwner(owner uint32, owners []uint32, mode fs.FileMode) error {
	switch {
	case !slices.Contains(owners, owner) && len(owners) == 1:
		return fmt.Errorf("it belongs to uid %d; in a system directory only root's files are taken", owner)
	case !slices.Contains(owners, owner):
		return fmt.Errorf("it belongs to uid %d; only your own files (uid %d) and root's are taken", owner, owners[1])
	case mode&0o022 != 0:
		return fmt.Errorf("its mode is %04o, so others can write to it; chmod go-w it, if what is in it can be trusted", mode)
	}
	return nil
}
