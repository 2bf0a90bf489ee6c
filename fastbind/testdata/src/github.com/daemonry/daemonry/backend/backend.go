// Package backend is as much of the real one as the analyzer's tests need.
package backend

import (
	"context"
	"errors"
	"net"
)

type Endpoint struct{ path string }

func (e Endpoint) String() string { return e.path }

type Contract interface {
	~struct{}
	Bind(Endpoint) (net.Listener, error)
	Serve(context.Context, net.Listener) error
}

func Listen(e Endpoint) (net.Listener, error) { return net.Listen("unix", e.path) }

func Bootstrap[B Contract](ctx context.Context, e Endpoint) error {
	var b B
	l, err := b.Bind(e)
	if err != nil {
		return err
	}
	return b.Serve(ctx, l)
}

func Main[B Contract]() {}

type State[S any] struct{ value S }

func (s *State[S]) Get(context.Context) (S, error) { return s.value, errors.ErrUnsupported }

func Load[S any](ctx context.Context, load func(context.Context) (S, error)) *State[S] {
	s := new(State[S])
	go func() { s.value, _ = load(ctx) }()
	return s
}
