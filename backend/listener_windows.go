package backend

import (
	"errors"
	"fmt"
	"net"

	"github.com/daemonry/daemonry/internal/endpoint"
)

func errPipes() error {
	return fmt.Errorf("named pipes are not offered yet: %w", errors.ErrUnsupported)
}

// toNet: there is no LISTEN_FDS on Windows. (Compiled, not run.)
func toNet(raw *endpoint.Listener) (net.Listener, error) {
	return nil, fmt.Errorf("cannot use the raw listener of %s: %w", raw.Address(), errors.ErrUnsupported)
}

func listening(net.Listener) error { return nil }
