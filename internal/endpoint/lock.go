package endpoint

import "os"

// TryLock takes the lock file at path without waiting, and creates it with mode
// 0600 if it is missing. The lock belongs to the open file description: closing
// the file gives it up, unless a process that inherited it still lives. The path
// is never removed or renamed by its users.
//
// If somebody else holds it the error is ErrLocked. A path that is not a regular
// file of the caller's own is an *UnsafeError. What the lock protects, the file
// returned, is what the path names: a file that a cleaner removed meanwhile is
// not (two inodes would be two locks).
func TryLock(path string) (*os.File, error) { return tryLock(path) }
