package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// A pointer to a type that holds state.
type daemon struct{ cache map[string]string }

func (*daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (*daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[*daemon]() }
