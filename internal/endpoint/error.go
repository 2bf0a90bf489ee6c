package endpoint

import (
	"errors"
	"fmt"
)

// ErrLocked is returned by TryLock if another open file description holds the
// lock.
var ErrLocked = errors.New("the lock is held by another process")

// ErrInUse is returned by RemoveStale if something listens on the socket, or is
// connected to it.
var ErrInUse = errors.New("the socket is in use")

// An UnsafeError says that a directory, socket or peer is not, or not only, the
// caller's own. Nothing was changed.
type UnsafeError struct {
	Path   string // what was looked at; empty for a peer without a path
	Reason string // why it is refused, and where there is one, the cure
}

// Error returns "PATH is unsafe: REASON".
func (e *UnsafeError) Error() string {
	if e.Path == "" {
		return "unsafe: " + e.Reason
	}
	return e.Path + " is unsafe: " + e.Reason
}

// A TooLongError says that a socket path does not fit the system's sockaddr_un.
type TooLongError struct {
	Path     string
	Len, Max int // in bytes, without the terminating NUL
}

// Error names the path, its length and the limit.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("socket path %s is too long: %d bytes, the limit is %d (a shorter DAEMONRY_RUNTIME_DIR helps)", e.Path, e.Len, e.Max)
}

// A SettingError says that an environment variable has a value that is refused.
type SettingError struct {
	Name, Value string
	Reason      string
}

// Error names the variable, its value and the reason.
func (e *SettingError) Error() string {
	return fmt.Sprintf("environment variable %s=%q is refused: %s", e.Name, e.Value, e.Reason)
}
