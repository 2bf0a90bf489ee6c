//go:build unix

package endpoint

import (
	"errors"
	"syscall"
)

// backlogFull reports whether connect failed for lack of room in the backlog,
// which Linux says with EAGAIN to a socket that does not block. macOS says
// ECONNREFUSED, as it does for a socket that nobody listens on: there the caller
// must ask the broker which it is.
func backlogFull(err error) bool { return errors.Is(err, syscall.EAGAIN) }
