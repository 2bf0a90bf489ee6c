//go:build !linux

package sockdiag

import (
	"errors"
	"fmt"
	"runtime"
)

func unsupported() error {
	return fmt.Errorf("cannot ask about sockets on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func listeners() (Table, error) { return nil, unsupported() }

func connections() (map[Inode]uint32, error) { return nil, unsupported() }

func of(int) (Inode, error) { return Inode{}, unsupported() }

func ofPath(string) (Inode, error) { return Inode{}, unsupported() }

func tcpPending(int) (uint32, error) { return 0, unsupported() }
