package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// An interface could stand for anything.
type daemon interface {
	Bind(backend.Endpoint) (net.Listener, error)
	Serve(context.Context, net.Listener) error
}

func main() { backend.Main[daemon]() }
