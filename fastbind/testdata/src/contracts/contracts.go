// Package contracts tells backends from what only looks like one.
package contracts

import (
	"context"
	"net"
	"os"

	"contracts/elsewhere"

	"github.com/daemonry/daemonry/backend"
)

func touch() { os.ReadFile("x") }

// both has both methods; nobody need start it.
type both struct{}

func (*both) Bind(e backend.Endpoint) (net.Listener, error) {
	touch() // want `Bind of both does file input/output: touch`
	return backend.Listen(e)
}
func (*both) Serve(context.Context, net.Listener) error { return nil }

// generic backends count too.
type generic[T any] struct{}

func (generic[T]) Bind(e backend.Endpoint) (net.Listener, error) {
	touch() // want `Bind of generic does file input/output: touch`
	return backend.Listen(e)
}
func (generic[T]) Serve(context.Context, net.Listener) error { return nil }

// promoted has its Bind from another package, where it is no backend by itself.
type promoted struct{ elsewhere.Binder } // want `Bind of promoted does file input/output: elsewhere.Binder.Bind → os.ReadFile`

func (promoted) Serve(context.Context, net.Listener) error { return nil }

// noServe has nothing to serve with.
type noServe struct{}

func (noServe) Bind(e backend.Endpoint) (net.Listener, error) { touch(); return backend.Listen(e) }

// otherBind is some other kind of Bind.
type otherBind struct{}

func (otherBind) Bind(e string) (net.Listener, error)       { touch(); return nil, nil }
func (otherBind) Serve(context.Context, net.Listener) error { return nil }

type contract interface {
	Bind(backend.Endpoint) (net.Listener, error)
	Serve(context.Context, net.Listener) error
}

func start[B backend.Contract](ctx context.Context, e backend.Endpoint) error {
	return backend.Bootstrap[B](ctx, e)
}

func main() {
	start[generic[int]](context.Background(), backend.Endpoint{})
	backend.Main[elsewhere.Backend]()
	touch()
}
