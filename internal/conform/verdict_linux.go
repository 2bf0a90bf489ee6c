package conform

import (
	"errors"
	"fmt"
	"time"

	"github.com/daemonry/daemonry/internal/process"
)

// How a check ends other than by passing. Any other error is the kit's own
// trouble and fails the check too: what could not be looked at was not shown.

// finding is something that the daemon does wrong.
type finding struct{ detail string }

func (e *finding) Error() string { return e.detail }

func found(format string, args ...any) error { return &finding{fmt.Sprintf(format, args...)} }

// caution is something that is allowed and worth knowing.
type caution struct{ detail string }

func (e *caution) Error() string { return e.detail }

// inapplicable says why a check shows nothing here.
type inapplicable struct{ why string }

func (e *inapplicable) Error() string { return e.why }

// limitError says that something did not come in time.
type limitError struct {
	what  string // as in "it did not accept a connection"
	limit time.Duration
}

func (e *limitError) Error() string { return fmt.Sprintf("%s within %v", e.what, e.limit) }

// exitedError says that the daemon ended when it should not have.
type exitedError struct {
	exit process.Exit
	left bool // the shell at the gate; false: the command was never executed
}

func (e *exitedError) Error() string {
	if !e.left {
		return "the command could not be executed"
	}
	return "it " + e.exit.String()
}

// judge turns the end of a check into a result.
func judge(r Result, detail string, err error) Result {
	var warned *caution
	var inapt *inapplicable
	switch {
	case err == nil:
		r.Status, r.Detail, r.Hint = Pass, detail, ""
	case errors.As(err, &inapt):
		r.Status, r.Detail, r.Hint = NotApplicable, inapt.why, ""
	case errors.As(err, &warned):
		r.Status, r.Detail = Warn, warned.detail
	case its(err):
		r.Status, r.Detail = Fail, err.Error()
	default:
		r.Status, r.Detail = Fail, "this could not be looked at: "+err.Error()
	}
	return r
}

// its reports whether err is about the daemon and not about the kit or its user.
func its(err error) bool {
	for _, is := range []func() bool{
		func() bool { _, ok := errors.AsType[*finding](err); return ok },
		func() bool { _, ok := errors.AsType[*limitError](err); return ok },
		func() bool { _, ok := errors.AsType[*exitedError](err); return ok },
	} {
		if is() {
			return true
		}
	}
	return false
}
