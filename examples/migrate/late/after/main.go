// Command after is the same word index under the contract: the field became the
// result of Load, main became Serve, and the socket is the broker's.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/daemonry/daemonry/backend"
)

type index struct{}

func main() { backend.Main[index]() }

func (index) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (index) Serve(ctx context.Context, l net.Listener) error {
	words := backend.Load(ctx, load)
	return backend.ServeConns(ctx, l, func(ctx context.Context, c net.Conn) error {
		known, err := words.Get(ctx) // waits while it loads; TryGet would serve a cold path
		if err != nil {
			return err
		}
		for in := bufio.NewScanner(c); in.Scan(); {
			fmt.Fprintln(c, known[in.Text()])
		}
		return nil
	})
}

func load(context.Context) (map[string]bool, error) {
	data, err := os.ReadFile(os.Getenv("WORDS"))
	if err != nil {
		return nil, err
	}
	words := map[string]bool{}
	for w := range strings.FieldsSeq(string(data)) {
		words[w] = true
	}
	return words, nil
}
