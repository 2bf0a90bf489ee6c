package conform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// aside is what the state's name gets while a FIFO has its place.
const aside = ".before-conform"

// blockState puts a FIFO in the place of the state, so that there is always
// something at the path, and returns what puts the state back. The state stays
// in its directory as a second hard link meanwhile: a run that is killed loses nothing.
func blockState(path string) (restore func() error, err error) {
	kept := true
	if err := os.Link(path, path+aside); errors.Is(err, fs.ErrNotExist) {
		kept = false
	} else if err != nil {
		return nil, fmt.Errorf("cannot put the state aside: %w", err)
	}
	restore = func() error { return os.Remove(path) }
	if kept {
		restore = func() error { return os.Rename(path+aside, path) }
	}
	fifo := path + aside + ".fifo"
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot make a FIFO: %w", err), removeLink(path, kept))
	}
	if err := os.Rename(fifo, path); err != nil {
		return nil, errors.Join(err, os.Remove(fifo), removeLink(path, kept))
	}
	return restore, nil
}

func removeLink(path string, kept bool) error {
	if !kept {
		return nil
	}
	return os.Remove(path + aside)
}

// openedWithin reports whether somebody has the FIFO open for reading, or waits in
// open, or comes to do so within d. It lets them go on: they read the end of the file.
func openedWithin(path string, d time.Duration) (bool, error) {
	type result struct {
		fd  int
		err error
	}
	results := make(chan result, 1)
	go func() {
		fd, err := openWaiting(path) // returns when there is a reader
		results <- result{fd, err}
	}()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case r := <-results:
		unix.Close(r.fd)
		return r.err == nil, r.err
	case <-timer.C:
	}
	// Be the reader, so that the goroutine ends.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	r := <-results
	unix.Close(r.fd)
	unix.Close(fd)
	return false, r.err
}

func openWaiting(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}
