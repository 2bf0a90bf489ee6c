package broker

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/process"
)

func dupTo(from, to int) error { return unix.Dup2(from, to) }

// copyDescriptor is not offered: darwin has no pidfd_getfd.
func copyDescriptor(process.Identity, int) (int, error) { return -1, errors.ErrUnsupported }
