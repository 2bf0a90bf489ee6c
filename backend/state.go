package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// State is something that is loaded beside the accept loop. All connections
// share it: an S must be safe for that.
type State[S any] struct {
	done  chan struct{} // closed once value and err are set
	value S
	err   error
}

// Load runs load in a goroutine of its own, once, and returns at once. ctx is the
// one that Serve was given, and load gets it: it should return when ctx ends. When
// every load has succeeded the daemon is announced as ready. One that fails, or panics, ends
// Serve's context, and Bootstrap returns a *ServeError with its error.
//
// Serve may load several things; to be announced only when all are there,
// they must be begun before the first is done, so begin them together.
func Load[S any](ctx context.Context, load func(context.Context) (S, error)) *State[S] {
	st := &State[S]{done: make(chan struct{})}
	s := sessionOf(ctx)
	s.loadBegins()
	go func() {
		st.err = errors.New("cannot load state: the loader ended its goroutine")
		defer func() {
			if p := recover(); p != nil {
				os.Stderr.Write(debug.Stack())
				st.err = fmt.Errorf("cannot load state: %w", &panicError{p})
			}
			close(st.done)
			s.loadEnds(ctx, st.err)
		}()
		var err error
		if st.value, err = load(ctx); err != nil {
			err = fmt.Errorf("cannot load state: %w", err)
		}
		st.err = err
	}()
	return st
}

// Get waits for the state. Its error is the loader's, or the cause of ctx's end.
func (s *State[S]) Get(ctx context.Context) (S, error) {
	select {
	case <-s.done:
		return s.value, s.err
	default:
	}
	select {
	case <-s.done:
		return s.value, s.err
	case <-ctx.Done():
		var none S
		return none, context.Cause(ctx)
	}
}

// TryGet returns the state if it is there: for a cold path that serves without.
// It is false while loading and after a failure.
func (s *State[S]) TryGet() (S, bool) {
	select {
	case <-s.done:
		return s.value, s.err == nil
	default:
		var none S
		return none, false
	}
}
