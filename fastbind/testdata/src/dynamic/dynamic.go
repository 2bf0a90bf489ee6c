// Package dynamic calls what has no name.
package dynamic

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"net"
	"os"
	"slices"
	"sync"

	"github.com/daemonry/daemonry/backend"
)

type server struct{}

func (server) Serve(context.Context, net.Listener) error { return nil }

type opener interface{ Open() error }

type holder struct {
	open func() error
	each func(func() bool)
}

type hidden struct{ server }

func (hidden) Bind(e backend.Endpoint) (net.Listener, error) {
	var o opener = pick()
	o.Open()        // want `^Bind of hidden calls what fastbind cannot see through: opener.Open \(an interface method\)$`
	holder{}.open() // want `cannot see through: function value holder{}.open`
	made()()        // want `cannot see through: function value made\(\)`
	f := made()
	f()        // want `cannot see through: function value made\(\)`
	through(o) // want `cannot see through: through → opener.Open \(an interface method\)`
	var v any = f
	switch v := v.(type) {
	case func():
		v() // want `cannot see through: function value v`
	}
	for range made2() {
	}
	for range new(holder).each { // want `cannot see through: function value new\(holder\).each`
	}
	write(os.Stdout) // want `cannot see through: write → fmt.Fprintln \(to or from an interface\)`
	return backend.Listen(e)
}

func pick() opener               { return nil }
func made() func()               { return func() {} }
func made2() func(func() bool)   { return nil }
func through(o opener)           { o.Open() }
func write(w io.Writer)          { fmt.Fprintln(w, "x") }
func with(f func() error) error  { return f() }
func again(f func() error) error { return with(f) }
func load() error                { _, err := os.ReadFile("x"); return err }
func keep(f func() error) holder { return holder{open: f} }

var (
	table   = func() error { _, err := os.ReadFile("x"); return err }
	lazy    = sync.OnceValue(load)
	twice   = load
	handler = keep(load)
)

// follows has values that can be followed, to something bad.
type follows struct{ server }

func (follows) Bind(e backend.Endpoint) (net.Listener, error) {
	f := func() error { return load() } // want `Bind of follows does file input/output: load → os.ReadFile`
	f()
	func() { os.Open("x") }() // want `does file input/output: os.Open`
	with(load)                // want `does file input/output: load → os.ReadFile`
	again(func() error {
		return load() // want `does file input/output: load → os.ReadFile`
	})
	table()                             // want `does file input/output: table → os.ReadFile`
	lazy()                              // want `does file input/output: load → os.ReadFile`
	twice()                             // want `does file input/output: load → os.ReadFile`
	defer func() { os.Remove("x") }()   // want `does file input/output: os.Remove`
	configure(func(*holder) { load() }) // want `does file input/output: load`
	with(convert(load))                 // want `does file input/output: load`
	with(new(store).open)               // want `does file input/output: store.open → os.Open`
	for range slices.Values([]int{}) {
		load() // want `does file input/output: load`
	}
	g := load
	g()                                     // want `does file input/output: load → os.ReadFile`
	slices.IndexFunc([]string{"x"}, exists) // want `does file input/output: exists → os.Stat`
	return backend.Listen(e)
}

func exists(s string) bool { _, err := os.Stat(s); return err == nil }

// clear has values that can be followed, to nothing bad.
type clear struct{ server }

func (clear) Bind(e backend.Endpoint) (net.Listener, error) {
	l, err := backend.Listen(e)
	if err != nil {
		return nil, errors.New(err.Error() + fmt.Stringer(e).String())
	}
	keep(load)
	with(func() error { return l.Close() })
	_ = func() { load() }
	var recurse func(int)
	recurse = func(n int) { recurse(n - 1) }
	recurse(1)
	var h hash.Hash = fnv.New128()
	h.Write(nil)
	io.WriteString(h, "x")
	io.WriteString(io.Discard, "x")
	_, cancel := context.WithCancel(context.Background())
	defer cancel()
	configure(named, func(*holder) {})
	func(f func()) { f() }(func() {})
	return l, generic(1, func(int) {})
}

type convert func() error

type store struct{}

func (*store) open() error { _, err := os.Open("x"); return err }

func named(*holder) {}

func configure(options ...func(*holder)) {
	var h holder
	for _, o := range options {
		o(&h)
	}
}

func generic[T any](t T, f func(T)) error { f(t); return nil }
