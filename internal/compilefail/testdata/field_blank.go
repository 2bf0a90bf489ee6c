package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// A blank field changes nothing.
type daemon struct{ _ int }

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
