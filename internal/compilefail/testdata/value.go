package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

// Bootstrap takes a type, not a value that somebody filled.
func main() { _ = backend.Bootstrap[daemon](context.Background(), backend.Endpoint{}, daemon{}) }
