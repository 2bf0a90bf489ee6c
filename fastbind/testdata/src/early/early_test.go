package early

import (
	"context"
	"net"
	"os"

	"github.com/daemonry/daemonry/backend"
)

// Tests break the contract on purpose.
type bad struct{}

func (bad) Bind(e backend.Endpoint) (net.Listener, error) { os.ReadFile("x"); return backend.Listen(e) }
func (bad) Serve(context.Context, net.Listener) error     { return nil }

var fixture, _ = os.ReadFile("fixture")

func init() { os.ReadFile("x") }
