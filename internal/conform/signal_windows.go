package conform

import (
	"errors"
	"fmt"
	"syscall"
)

// SignalByName fails: there are no signals.
func SignalByName(name string) (syscall.Signal, error) {
	return 0, fmt.Errorf("cannot send %s: %w", name, errors.ErrUnsupported)
}
