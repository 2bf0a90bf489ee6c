// Command stateful must not compile: its backend has a field.
package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{ index map[string]string }

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (d daemon) Serve(ctx context.Context, l net.Listener) error { return nil }

func main() { backend.Main[daemon]() }
