package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// The control: this is the contract, and it compiles.
type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
