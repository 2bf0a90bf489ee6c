package conform

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Seclude has the descriptors that this process was started with, beyond the
// standard ones, closed in whatever it executes: daemons should have none but what
// was meant for them (P12). It is for programs whose only purpose is to run the kit.
func Seclude() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("cannot look at the descriptors that were inherited: %w", err)
	}
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}
