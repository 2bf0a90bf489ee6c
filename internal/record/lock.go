package record

import "os"

// A Lock is a generation's lock, held. The daemon inherits its descriptor; the
// lock is held as long as any copy of it is open anywhere.
type Lock struct {
	file *os.File
	path string
}

// Create makes a generation's lock file and takes the lock. The file must not
// exist (fs.ErrExist), and is never renamed or replaced while the generation
// lives.
func Create(dir, key string, generation uint64) (*Lock, error) {
	path := LockPath(dir, key, generation)
	f, err := createLocked(path)
	if err != nil {
		return nil, err
	}
	return &Lock{file: f, path: path}, nil
}

// File returns the descriptor to hand to the daemon, CLOEXEC here.
func (l *Lock) File() *os.File { return l.file }

// Path returns the path of the lock file.
func (l *Lock) Path() string { return l.path }

// Close closes this copy. The broker does so after the start, so that the lock
// vouches for the daemon and not for the broker.
func (l *Lock) Close() error { return l.file.Close() }

// Vouched reports whether anything alive holds the lock at path. A missing lock
// is not held. It looks by taking the lock in shared mode for a moment, on a
// descriptor of its own. An error means that it could not be found out (a file
// system without locks, say).
func Vouched(path string) (held bool, err error) { return probe(path) }

// Holds reports whether the descriptor fd of this process is the lock file at
// path: what a daemon asks about the descriptor it was given.
func Holds(fd int, path string) bool { return sameFile(fd, path) }
