package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// A function has whatever it closes over.
type daemon func() string

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
