package elsewhere

import (
	"context"
	"net"
	"os"

	"github.com/daemonry/daemonry/backend"
)

type Binder struct{}

func (Binder) Bind(e backend.Endpoint) (net.Listener, error) {
	os.ReadFile("x")
	return backend.Listen(e)
}

type Backend struct{}

func (Backend) Bind(e backend.Endpoint) (net.Listener, error) {
	os.ReadFile("x") // want `Bind of Backend does file input/output: os.ReadFile`
	return backend.Listen(e)
}

func (Backend) Serve(context.Context, net.Listener) error { return nil }
