package daemonry

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

func TestErrorText(t *testing.T) {
	for want, e := range map[string]*Error{
		"failed":                           {Code: CodeFailed},
		"cannot dial: failed":              {Code: CodeFailed, Op: "dial"},
		"cannot dial x: because":           {Op: "dial", Service: "x", Message: "because", Err: errors.New("unseen")},
		"cannot dial x: cause":             {Op: "dial", Service: "x", Err: errors.New("cause")},
		"because (last output: panic: no)": {Message: "because", Output: "one\n  panic: no\r\n\n \t\n"},
		"because (last output: one)":       {Message: "because", Output: "one"},
		"blank":                            {Message: "blank", Output: "\n \n"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%+v prints %q, want %q", *e, got, want)
		}
	}
}

func TestErrorIsAndCodeOf(t *testing.T) {
	inner := &Error{Code: CodeTimeout, Op: "dial", Service: "x", Err: context.DeadlineExceeded}
	err := fmt.Errorf("cannot compile: %w", inner)
	for target, want := range map[error]bool{
		&Error{Code: CodeTimeout}:                            true,
		&Error{Code: CodeTimeout, Service: "x"}:              true,
		&Error{Code: CodeTimeout, Service: "x", Op: "dial"}:  true,
		&Error{Code: CodeTimeout, Service: "y"}:              false,
		&Error{Code: CodeTimeout, Service: "x", Op: "start"}: false,
		&Error{Code: CodeFailed}:                             false,
		context.DeadlineExceeded:                             true,
		context.Canceled:                                     false,
	} {
		if got := errors.Is(err, target); got != want {
			t.Errorf("errors.Is(%v, %#v) = %v", err, target, got)
		}
	}
	if CodeOf(err) != CodeTimeout || CodeOf(nil) != "" || CodeOf(errors.New("x")) != "" {
		t.Error("CodeOf is wrong")
	}
}
