package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// A type parameter does not hide a field.
type daemon[S any] struct{ state S }

func (daemon[S]) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon[S]) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon[[]byte]]() }
