//go:build !linux && !darwin

package watch

import (
	"errors"
	"fmt"
	"runtime"
)

// queue does not exist on systems where a listener is no descriptor.
type queue struct{}

func newQueue() (*queue, error) {
	return nil, fmt.Errorf("not built for %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (q *queue) try(int) error { return errors.ErrUnsupported }

func (q *queue) arm(int, uint32, bool) error { return errors.ErrUnsupported }

func (q *queue) drop(int) error { return errors.ErrUnsupported }

func (q *queue) wait(func(fd int, serial uint32)) {}

func (q *queue) close() error { return nil }
