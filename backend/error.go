package backend

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// A Kind is what kind of failure a BindError is. There are four and no more; a
// broker treats them alike (that start has failed), people do not.
type Kind string

// The kinds, as they travel to the broker and are shown as error.kind.
const (
	KindInvalidEndpoint Kind = "invalid_endpoint" // what was given is no endpoint on this system
	KindAlreadyBound    Kind = "already_bound"    // somebody listens there
	KindIO              Kind = "io"               // the operating system refused; the only kind with a cause
	KindOther           Kind = "other"            // a security rule, a time-out, a panic
)

// BindError says why there is no endpoint.
type BindError struct {
	Kind     Kind
	Endpoint Endpoint // may be zero
	Err      error    // why; may be nil
}

// Error returns one of
//
//	invalid endpoint: …
//	endpoint already bound: …
//	bind io error: …
//	bind error: …
func (e *BindError) Error() string {
	text := e.Endpoint.String()
	if e.Err != nil && text != "" {
		text += ": "
	}
	if e.Err != nil {
		text += e.Err.Error()
	}
	return e.Kind.words() + ": " + text
}

func (k Kind) words() string {
	switch k {
	case KindInvalidEndpoint:
		return "invalid endpoint"
	case KindAlreadyBound:
		return "endpoint already bound"
	case KindIO:
		return "bind io error"
	}
	return "bind error"
}

// Unwrap returns the cause for KindIO, and nil for the others: a caller may act
// on what the operating system said, and only on that.
func (e *BindError) Unwrap() error {
	if e.Kind == KindIO {
		return e.Err
	}
	return nil
}

// asBindError makes any error of a Bind one of the four kinds.
func asBindError(e Endpoint, err error) *BindError {
	var already *BindError
	if errors.As(err, &already) {
		return already
	}
	return &BindError{Kind: kindOf(err), Endpoint: e, Err: err}
}

func kindOf(err error) Kind {
	var long *endpoint.TooLongError
	var unsafe *endpoint.UnsafeError
	switch {
	case errors.As(err, &long):
		return KindInvalidEndpoint
	case errors.As(err, &unsafe), errors.Is(err, errors.ErrUnsupported):
		return KindOther
	case errors.Is(err, endpoint.ErrInUse), alreadyBound(err):
		return KindAlreadyBound
	case fromSystem(err):
		return KindIO
	}
	return KindOther
}

func fromSystem(err error) bool {
	var (
		number  syscall.Errno
		call    *os.SyscallError
		path    *fs.PathError
		link    *os.LinkError
		numbers = errors.As(err, &number)
	)
	return numbers || errors.As(err, &call) || errors.As(err, &path) || errors.As(err, &link)
}

// ServeError says that Serve failed, panicked, or returned before it was told to.
type ServeError struct {
	Service    string // may be empty
	Generation uint64 // 0 if the daemon was not started by a broker and has no record
	Err        error  // what Serve, or the loader of its state, returned
}

// Error returns "cannot serve SERVICE (generation N): why".
func (e *ServeError) Error() string {
	name := e.Service
	if name == "" {
		name = "the endpoint"
	}
	return fmt.Sprintf("cannot serve %s (generation %d): %v", name, e.Generation, e.Err)
}

// Unwrap returns what Serve returned.
func (e *ServeError) Unwrap() error { return e.Err }
