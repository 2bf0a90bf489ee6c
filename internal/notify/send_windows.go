package notify

import (
	"errors"
	"fmt"
)

// send: Windows has no datagram unix sockets. (Compiled, not run.)
func send(path string, _ []byte, _ []int) error {
	return fmt.Errorf("cannot notify %s: no notification sockets on Windows: %w", path, errors.ErrUnsupported)
}
