//go:build unix

package backend

import (
	"errors"
	"syscall"
)

func alreadyBound(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
