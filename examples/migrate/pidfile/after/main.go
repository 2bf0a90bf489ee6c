// Command after is the same counter: the pid file, the spawn and the loop are
// gone, and so are their bugs. Client and daemon are one program still.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync/atomic"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/backend"
)

type counter struct{}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "daemon" {
		backend.Main[counter]()
	}
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	c, err := daemonry.Dial(context.Background(), "counter",
		daemonry.Define(daemonry.Service{Command: []string{self, "daemon"}}))
	if err != nil {
		log.Fatal(err) // says why, with the daemon's last words
	}
	if _, err := io.Copy(os.Stdout, c); err != nil {
		log.Fatal(err)
	}
}

func (counter) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (counter) Serve(ctx context.Context, l net.Listener) error {
	var n atomic.Int64
	return backend.ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
		_, err := fmt.Fprintln(c, n.Add(1))
		return err
	})
}
