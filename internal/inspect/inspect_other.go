//go:build !linux

package inspect

import (
	"errors"
	"time"
)

func of(int) ([]Process, error) { return nil, errors.ErrUnsupported }

func still([]Process) (string, error) { return "", errors.ErrUnsupported }

func allStopped(int) (bool, error) { return false, errors.ErrUnsupported }

func workOf([]Process) (Work, error) { return Work{}, errors.ErrUnsupported }

func report([]Process) string { return "" }

func catches(int, int) (bool, error) { return false, errors.ErrUnsupported }

func fatal(int, int) (bool, error) { return false, errors.ErrUnsupported }

func suspended() time.Duration { return 0 }
