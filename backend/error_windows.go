package backend

import (
	"errors"

	"golang.org/x/sys/windows"
)

func alreadyBound(err error) bool {
	return errors.Is(err, windows.ERROR_PIPE_BUSY) || errors.Is(err, windows.WSAEADDRINUSE)
}
