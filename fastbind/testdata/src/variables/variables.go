// Package variables has Binds that use package variables; package good has those that may.
package variables

import (
	"context"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/daemonry/daemonry/backend"
)

type server struct{}

func (server) Serve(context.Context, net.Listener) error { return nil }

var (
	count    int
	written  string
	flagged  bool
	table    = map[string]int{}
	config   = &options{}
	starts   atomic.Int64
	once     sync.Once
	lent     = []string{"a"}
	hook     = func() {}
	Exported = 1
	zero     [4]int
)

type options struct{ path string }

func change(replacement func()) {
	count++
	parse(&flagged)
	table["x"] = 1
	config.path = "x"
	hook = replacement
	keep(lent)
}

func parse(*bool)   {}
func keep([]string) {}

type reads struct{ server }

func (reads) Bind(e backend.Endpoint) (net.Listener, error) {
	_ = count       // want `^Bind of reads uses package state: reads count$`
	_ = flagged     // want `uses package state: reads flagged`
	_ = table["x"]  // want `uses package state: reads table`
	_ = config.path // want `uses package state: reads config`
	_ = lent[0]     // want `uses package state: reads lent`
	hook()          // want `uses package state: reads hook`
	_ = os.Args     // want `uses package state: reads os.Args`
	helper()        // want `uses package state: helper → reads count \(variables.go:\d+\)`
	_, _ = Exported, zero
	return backend.Listen(e)
}

func helper() int { return count }

type writes struct{ server }

func (writes) Bind(e backend.Endpoint) (net.Listener, error) {
	written = e.String()     // want `Bind of writes uses package state: writes written`
	starts.Add(1)            // want `uses package state: writes starts`
	once.Do(func() {})       // want `uses package state: writes once`
	http.DefaultClient = nil // want `uses package state: writes http.DefaultClient`
	return backend.Listen(e)
}
