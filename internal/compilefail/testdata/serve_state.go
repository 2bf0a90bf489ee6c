package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type state struct{}

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

// Serve takes state that somebody loaded before it.
func (daemon) Serve(ctx context.Context, l net.Listener, s *state) error { return nil }

func main() { backend.Main[daemon]() }
