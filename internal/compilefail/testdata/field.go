package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// A field is somewhere to keep what was loaded.
type daemon struct{ cache map[string]string }

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
