package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// Even an empty type wants its methods on the value: a pointer is an identity.
type daemon struct{}

func (*daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (*daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
