package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type state struct{}

type daemon struct{}

// Bind has a second parameter: somebody would have to load it first.
func (daemon) Bind(e backend.Endpoint, s *state) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
