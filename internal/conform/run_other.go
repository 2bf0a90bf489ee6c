//go:build !linux

package conform

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// aside is what the state's name gets while a FIFO has its place.
const aside = ".before-conform"

func run(context.Context, Target, func(Result)) (Report, error) {
	return Report{}, fmt.Errorf("cannot run the conformance kit on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Seclude does nothing: Run starts nothing here.
func Seclude() error { return nil }
