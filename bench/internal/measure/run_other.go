//go:build !linux

package measure

import (
	"context"
	"errors"
	"fmt"

	"github.com/daemonry/daemonry/bench/internal/result"
)

// Run is not offered here.
func Run(context.Context, Options) (result.Run, error) {
	return result.Run{}, fmt.Errorf("cannot measure on this system: %w", errors.ErrUnsupported)
}
