package daemonry

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Code says what kind of failure an Error is. Codes are stable: they are the
// same on the wire, in `--json` output and in every release.
type Code string

// The codes.
const (
	CodeUnknownService    Code = "unknown_service"    // no definition of that name
	CodeInvalidDefinition Code = "invalid_definition" // the definition was refused; the message has file, line and key
	CodeVersionRefused    Code = "version_refused"    // no version that the definition offers satisfies the ask
	CodeStartFailed       Code = "start_failed"       // this start of the daemon failed; another may be tried
	CodeFailed            Code = "failed"             // past the restart intensity; RetryAfter says when the next attempt is made
	CodeDisabled          Code = "disabled"           // an operator disabled the service
	CodeTimeout           Code = "timeout"            // the caller's deadline passed first
	CodeBrokerUnavailable Code = "broker_unavailable" // no broker answers and none could be started
	CodeUnsafeEndpoint    Code = "unsafe_endpoint"    // a directory, socket or peer is not the caller's own
	CodeBusy              Code = "busy"               // a limit was reached (instances, connections)
	CodeShuttingDown      Code = "shutting_down"      // the broker is going away
	CodeOff               Code = "off"                // DAEMONRY=off
)

// Error is the error type of this package and of the control interface.
//
// Use errors.As to get at it, or errors.Is with an &Error{Code: …} to ask for a
// code alone.
type Error struct {
	Code    Code
	Op      string // what was being done: "dial", "start", "resolve"; may be empty
	Service string // to what; may be empty
	Kind    string // the bind error's kind (see package backend), where there is one
	Message string // why, in words; never empty on the wire
	// Output is what the daemon (or the broker) printed last, at most a few
	// kilobytes; empty if it printed nothing.
	Output string
	// RetryAfter is how long until another attempt is made or makes sense; zero
	// if unknown.
	RetryAfter time.Duration
	Err        error // the cause in this process, if any
}

// Error returns "cannot OP SERVICE: why" and the last line of Output.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString("cannot " + e.Op)
		if e.Service != "" {
			b.WriteString(" " + e.Service)
		}
		b.WriteString(": ")
	}
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	default:
		b.WriteString(string(e.Code))
	}
	if line := lastLine(e.Output); line != "" {
		fmt.Fprintf(&b, " (last output: %s)", line)
	}
	return b.String()
}

// Unwrap returns the cause in this process, if any.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error with the same code and no other field
// that differs from e's where target sets it.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && (t.Service == "" || t.Service == e.Service) && (t.Op == "" || t.Op == e.Op)
}

// CodeOf returns the code of the first *Error in err's chain, or "".
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func lastLine(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}
