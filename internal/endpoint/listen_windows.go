package endpoint

import (
	"errors"
	"fmt"
)

// Compiled, not run. A named pipe is no listener with a queue and cannot be
// inherited; daemons bind their own.

func unsupported(what string) error {
	return fmt.Errorf("cannot %s: %w on Windows yet", what, errors.ErrUnsupported)
}

func listenUnix(path string, _ int) (*Listener, error) { return nil, unsupported("listen on " + path) }

func listenTCP(address string, _ int) (*Listener, error) {
	return nil, unsupported("listen on " + address)
}

func fromFD(fd int) (*Listener, error) { return nil, unsupported(fmt.Sprintf("take listener %d", fd)) }

func systemBacklog() int { return 128 }

// Close does nothing: there are no Listeners on Windows yet.
func (l *Listener) Close() error { return nil }

// Relisten is not offered on Windows yet.
func (l *Listener) Relisten(int) error { return unsupported("listen again") }

// SetNonblock is not offered on Windows yet.
func (l *Listener) SetNonblock(bool) error { return unsupported("change a listener's mode") }

// Readable is not offered on Windows yet.
func (l *Listener) Readable() (bool, error) { return false, unsupported("poll a listener") }

// Dead is false: there are no Listeners on Windows yet.
func (l *Listener) Dead() bool { return false }

// Accept is not offered on Windows yet.
func (l *Listener) Accept() (int, error) { return -1, unsupported("accept") }

// Inode is 0 on Windows.
func (l *Listener) Inode() (dev, ino uint64) { return 0, 0 }

// PathInode is not offered on Windows yet.
func PathInode(path string) (dev, ino uint64, err error) {
	return 0, 0, unsupported("look at " + path)
}
