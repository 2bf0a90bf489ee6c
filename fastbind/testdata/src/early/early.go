// Package early does things before main.
package early

import (
	"context"
	"net"
	"os"
	"sync"
	"time"

	"github.com/daemonry/daemonry/backend"
)

type hello struct{}

func (hello) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }
func (hello) Serve(context.Context, net.Listener) error     { return nil }

var (
	data, err = os.ReadFile("state") // want `^package variable data, err runs before Bind and does file input/output: os.ReadFile$`
	cache     = load()               // want `package variable cache runs before Bind and does file input/output: load → os.ReadFile \(early.go:\d+\)`
	pure      = map[string]int{"a": len("x")}
	later     = sync.OnceValue(load)
	command   = &struct{ run func() []byte }{run: load}
	now       = func() []byte { return load() }() // want `package variable now runs before Bind and does file input/output: load`
)

func load() []byte { b, _ := os.ReadFile("state"); return b }

func init() {
	pure["b"] = 2
	os.MkdirAll("state", 0o700) // want `^init runs before Bind and does file input/output: os.MkdirAll$`
}

func init() {
	time.Sleep(time.Second) // want `init runs before Bind and may block: time.Sleep`
	go load()               // want `init runs before Bind and does file input/output: load`
	var mu sync.Mutex
	mu.Lock()
}

func use() { _ = []any{data, err, cache, later, command, now} }
