package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

// The control: a named struct{} of another name, and both entry points.
type (
	none   struct{}
	daemon none
)

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (daemon) Serve(context.Context, net.Listener) error { return nil }

func main() {
	_ = backend.Bootstrap[daemon](context.Background(), backend.Endpoint{})
	backend.Main[daemon]()
}
