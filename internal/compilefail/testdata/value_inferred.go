package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

// Without the type argument there is nothing to infer it from.
func main() { _ = backend.Bootstrap(context.Background(), backend.Endpoint{}) }
