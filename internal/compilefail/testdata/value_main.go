package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

// Main takes no value either.
func main() { backend.Main(daemon{}) }
