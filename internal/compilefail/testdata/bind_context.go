package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

// Bind takes a context: it would have something to wait for.
func (daemon) Bind(ctx context.Context, e backend.Endpoint) (net.Listener, error) {
	return backend.Listen(e)
}

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
