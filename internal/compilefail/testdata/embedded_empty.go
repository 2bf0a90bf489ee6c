package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// Embedding something empty is refused, too: it may not stay so.
type daemon struct{ base }

type base struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
