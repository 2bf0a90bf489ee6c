package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
)

// The exit codes, in the words of exitCodesTopic.
const (
	exitDone     = 0
	exitFailed   = 1
	exitUsage    = 2
	exitUnknown  = 3
	exitDown     = 4
	exitNoBroker = 5
	exitTimeout  = 6

	// Of commands that run a COMMAND, as env(1) and timeout(1) have them.
	exitOwn           = 125
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// usageError is a command line that makes no sense.
type usageError struct {
	cmd *cobra.Command // whose help to look at; nil: the message says it all
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func (e *usageError) hint() string {
	if e.cmd == nil {
		return ""
	}
	return fmt.Sprintf("see '%s --help'", e.cmd.CommandPath())
}

// exitError is an exit code that was decided elsewhere: COMMAND's own (err is
// nil and nothing is printed), or that of a failure to run it.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// asOwnFailure gives err the code 125 unless it already carries one.
func asOwnFailure(err error) error {
	if _, ok := errors.AsType[*exitError](err); ok {
		return err
	}
	return &exitError{code: exitOwn, err: err}
}

// exitCode says how the process ends.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	if code := daemonry.CodeOf(err); code != "" {
		return codeExit(code)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return exitTimeout
	}
	return exitFailed
}

func codeExit(code daemonry.Code) int {
	switch code {
	case daemonry.CodeUnknownService:
		return exitUnknown
	case daemonry.CodeFailed, daemonry.CodeStartFailed, daemonry.CodeDisabled:
		return exitDown
	case daemonry.CodeBrokerUnavailable, daemonry.CodeShuttingDown, daemonry.CodeOff:
		return exitNoBroker
	case daemonry.CodeTimeout:
		return exitTimeout
	default:
		return exitFailed
	}
}
