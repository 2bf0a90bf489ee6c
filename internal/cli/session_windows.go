package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// lockSession is not offered: sessions lean on flock.
func lockSession(path string) (*os.File, error) {
	return nil, fmt.Errorf("cannot lock %s: %w", path, errors.ErrUnsupported)
}

func waitUnlocked(context.Context, string) error { return errors.ErrUnsupported }
