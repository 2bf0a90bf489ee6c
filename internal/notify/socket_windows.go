package notify

import (
	"errors"
	"fmt"
	"net"
)

// Windows has no datagram unix sockets. (Compiled, not run.)

func controlSize() int { return 0 }

func clearStale(string) error { return nil }

func listen(path string) (*net.UnixConn, error) {
	return nil, fmt.Errorf("cannot listen at %s: no notification sockets on Windows: %w", path, errors.ErrUnsupported)
}

func passCredentials(*net.UnixConn) error { return errors.ErrUnsupported }

func parseControl([]byte) control { return control{} }

func truncated(int) bool { return false }

func closeAll([]int) {}
