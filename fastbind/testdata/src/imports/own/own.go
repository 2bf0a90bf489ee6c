// Package own has a backend: what it does is reported here, and not again where it is
// imported.
package own

import (
	"context"
	"net"
	"os"

	"github.com/daemonry/daemonry/backend"
)

var Name, _ = os.Hostname() // want `package variable Name, _ runs before Bind and does file input/output: os.Hostname`

type Own struct{}

func (Own) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }
func (Own) Serve(context.Context, net.Listener) error     { return nil }
