// Command sdk is the daemon plain, written with package backend.
package main

import (
	"context"
	"net"

	"github.com/daemonry/daemonry/backend"
)

type echo struct{}

func main() { backend.Main[echo]() }

func (echo) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (echo) Serve(ctx context.Context, l net.Listener) error {
	return backend.ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
		buf := make([]byte, 1)
		for {
			if _, err := c.Read(buf); err != nil {
				return err
			}
			if _, err := c.Write(buf); err != nil {
				return err
			}
		}
	})
}
