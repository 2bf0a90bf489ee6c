package endpoint

// RemoveStale makes the way free for a socket at path. Call it with the lock of
// the place held: it looks, and only then unlinks.
//
// It removes a socket that belongs to the caller and on which connect gives
// ECONNREFUSED, and nothing else. A missing path is fine; a socket that is alive
// is ErrInUse; a regular file, directory, symbolic link or anything of another
// user's is an *UnsafeError. What cannot be judged is an error, never "stale".
func RemoveStale(path string) error { return removeStale(path) }

// Rename moves the socket at from over to, atomically: a client that connects
// meanwhile reaches the old or the new one. Both must be sockets of the caller's
// own (to may be missing), or it is an *UnsafeError.
func Rename(from, to string) error { return rename(from, to) }
