package daemonry

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// switchedOn returns an error unless DAEMONRY lets daemons be used.
func switchedOn(op, service string) error {
	switch value := os.Getenv("DAEMONRY"); value {
	case "", "on", "1":
		return nil
	case "off", "0", "false":
		return &Error{Code: CodeOff, Op: op, Service: service, Message: "daemons are switched off by DAEMONRY=" + value}
	default:
		return &Error{Code: CodeInvalidDefinition, Op: op, Service: service, Message: "environment variable DAEMONRY is neither on nor off: " + value}
	}
}

// absent reports whether err means that nobody listens: it is worth asking the
// broker.
func absent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
}

// dropped reports whether the other side went away without an answer.
func dropped(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (c *call) failure(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	return failure(ctx, c.op, c.name.String(), doing, err)
}

// failure makes an *Error of err; nil and an *Error stay what they are. doing
// says what was under way, for a deadline that passes.
func failure(ctx context.Context, op, service, doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Op: op, Service: service, Err: err}
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return timedOut(ctx, e, doing)
	}
	e.Code, e.Message = judge(err)
	return e
}

// judge returns the code of an error that no deadline explains, and words if its
// own do not say what to do.
func judge(err error) (Code, string) {
	if _, ok := errors.AsType[*endpoint.UnsafeError](err); ok {
		return CodeUnsafeEndpoint, ""
	}
	if _, ok := errors.AsType[*endpoint.SettingError](err); ok {
		return CodeInvalidDefinition, ""
	}
	if _, ok := errors.AsType[*endpoint.TooLongError](err); ok {
		return CodeInvalidDefinition, ""
	}
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return CodeBrokerUnavailable, err.Error() + " (is this process in a sandbox?)"
	}
	return CodeBrokerUnavailable, ""
}

// timedOut completes e for a context that ended while doing.
func timedOut(ctx context.Context, e *Error, doing string) *Error {
	e.Code = CodeTimeout
	why, cause := "the deadline passed", ctx.Err()
	if cause == nil { // package net looks at the deadline by itself, a moment earlier
		cause = context.DeadlineExceeded
	}
	if errors.Is(cause, context.Canceled) {
		why = "it was cancelled"
	}
	if given := context.Cause(ctx); given != nil && given != cause {
		why += " (" + given.Error() + ")"
	}
	e.Message = why + " while " + doing
	if e.Err != nil && !errors.Is(e.Err, cause) {
		cause = errors.Join(cause, e.Err)
	} else if e.Err != nil {
		cause = e.Err
	}
	e.Err = cause
	return e
}
