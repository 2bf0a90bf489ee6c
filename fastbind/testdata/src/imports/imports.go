// Package imports is told by facts what other packages do.
package imports

import (
	"context"
	"net"
	"time"

	"github.com/daemonry/daemonry/backend"

	"imports/dep" // want `init of imports/deep runs before Bind and does file input/output: os.ReadFile` `package variable Table of imports/dep runs before Bind and does file input/output: Read → os.ReadFile \(dep.go:\d+\)`
	"imports/own"
)

type hello struct{}

func (hello) Bind(e backend.Endpoint) (net.Listener, error) {
	dep.Read()            // want `^Bind of hello does file input/output: dep.Read → os.ReadFile \(dep.go:\d+\)$`
	new(dep.Store).Wait() // want `may block: dep.Store.Wait → receive from a channel`
	dep.Guarded()         // want `takes a lock: dep.Guarded → sync.Mutex.Lock`
	_ = dep.Changes       // want `uses package state: reads dep.Changes`
	_ = dep.ErrFixed
	_ = dep.Fixed
	dep.Call(time.Now)
	dep.Call(func() time.Time { time.Sleep(1); return time.Time{} }) // want `may block: time.Sleep`
	dep.Keep(func() { time.Sleep(1) })                               // want `uses package state: dep.Keep → writes kept`
	dep.Pure()
	_ = own.Name
	return backend.Listen(e)
}

func (hello) Serve(context.Context, net.Listener) error { return nil }
