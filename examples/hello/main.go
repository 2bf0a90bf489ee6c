// Command hello is a daemon that takes two seconds to warm up and keeps nobody
// waiting at the door.
package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/daemonry/daemonry/backend"
)

type hello struct{}

func main() { backend.Main[hello]() }

func (hello) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (hello) Serve(ctx context.Context, l net.Listener) error {
	greeting := backend.Load(ctx, load)
	return backend.ServeConns(ctx, l, func(ctx context.Context, c net.Conn) error {
		words, err := greeting.Get(ctx) // only the first clients wait
		if err == nil {
			_, err = fmt.Fprintln(c, words)
		}
		return err
	})
}

func load(ctx context.Context) (string, error) {
	select {
	case <-time.After(2 * time.Second): // an index, a cache, a model
		return "hello, world", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
