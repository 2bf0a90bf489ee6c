//go:build unix

package conform

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalByName returns the signal that is called "SIGTERM", "TERM" or "term".
func SignalByName(name string) (syscall.Signal, error) {
	full := strings.ToUpper(name)
	if !strings.HasPrefix(full, "SIG") {
		full = "SIG" + full
	}
	s := unix.SignalNum(full)
	if s == 0 {
		return 0, fmt.Errorf("%q is not a signal; signals are written as in SIGTERM", name)
	}
	return s, nil
}
