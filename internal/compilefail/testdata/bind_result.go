package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type state struct{}

type daemon struct{}

// Bind returns state beside the listener.
func (daemon) Bind(e backend.Endpoint) (net.Listener, *state, error) {
	l, err := backend.Listen(e)
	return l, nil, err
}

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
