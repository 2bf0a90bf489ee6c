package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

// Serve must say how it ended.
func (daemon) Serve(context.Context, net.Listener) {}

func main() { backend.Main[daemon]() }
