package process

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// resetSignals has every ignored signal caught by Go's handler, which fork resets
// to the default in the child. Nobody reads the channel: what does not fit into
// it is dropped by os/signal.
func resetSignals() error {
	ignored, err := ignoredSignals()
	if err != nil || len(ignored) == 0 {
		return err
	}
	signal.Notify(make(chan os.Signal, 1), ignored...)
	return nil
}

// ignoredSignals asks the kernel, as os/signal does not know of all that were
// ignored when the program started (SIGTSTP, say).
func ignoredSignals() ([]os.Signal, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, fmt.Errorf("cannot tell which signals are ignored: %w", err)
	}
	_, rest, _ := strings.Cut(string(status), "\nSigIgn:")
	line, _, _ := strings.Cut(rest, "\n")
	mask, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return nil, fmt.Errorf("cannot tell which signals are ignored: /proc/self/status: %w", err)
	}
	var set []os.Signal
	for n := range 64 {
		if mask&(1<<n) != 0 {
			set = append(set, syscall.Signal(n+1))
		}
	}
	return set, nil
}
