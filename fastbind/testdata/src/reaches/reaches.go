// Package reaches has a Bind for every kind of input and output.
package reaches

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/daemonry/daemonry/backend"
)

type server struct{}

func (server) Serve(context.Context, net.Listener) error { return nil }

type files struct{ server }

func (files) Bind(e backend.Endpoint) (net.Listener, error) {
	os.ReadFile("state")          // want `^Bind of files does file input/output: os.ReadFile$`
	f, _ := os.Open("state")      // want `Bind of files does file input/output: os.Open`
	f.Stat()                      // want `Bind of files does file input/output: os.File.Stat`
	defer f.Close()               // giving up is free
	defer os.Remove("state.lock") // want `Bind of files does file input/output: os.Remove`
	return backend.Listen(e)
}

type chain struct{ server }

func (chain) Bind(e backend.Endpoint) (net.Listener, error) {
	load() // want `^Bind of chain does file input/output: load → store.open → os.ReadFile \(reaches.go:\d+\)$`
	even(3)
	return backend.Listen(e)
}

func load() { new(store).open() }

type store struct{}

func (s *store) open() { os.ReadFile("state") }

func even(n int) bool { return n == 0 || odd(n-1) }
func odd(n int) bool  { return n != 0 && even(n-1) }

type networks struct{ server }

func (networks) Bind(e backend.Endpoint) (net.Listener, error) {
	http.Get("http://localhost/")         // want `Bind of networks uses the network: http.Get`
	net.LookupHost("localhost")           // want `uses the network: net.LookupHost`
	return net.Listen("unix", e.String()) // want `uses the network: net.Listen; use backend.Listen`
}

type processes struct{ server }

func (processes) Bind(e backend.Endpoint) (net.Listener, error) {
	exec.Command("git", "version").Run() // want `uses processes: exec.Command` `uses processes: exec.Cmd.Run`
	os.StartProcess("x", nil, nil)       // want `uses processes: os.StartProcess`
	return backend.Listen(e)
}

type databases struct{ server }

func (databases) Bind(e backend.Endpoint) (net.Listener, error) {
	db, _ := sql.Open("x", "y") // want `uses a database: sql.Open`
	db.Ping()                   // want `uses a database: sql.DB.Ping`
	return backend.Listen(e)
}

type outputs struct{ server }

func (outputs) Bind(e backend.Endpoint) (net.Listener, error) {
	log.Printf("binding")              // want `writes output: log.Printf`
	slog.Info("binding")               // want `writes output: slog.Info`
	fmt.Println("binding")             // want `writes output: fmt.Println`
	fmt.Fprintln(os.Stderr, "binding") // want `does file input/output: fmt.Fprintln`
	fmt.Fprintln(new(strings.Builder), "binding")
	return backend.Listen(e)
}

type systems struct{ server }

func (systems) Bind(e backend.Endpoint) (net.Listener, error) {
	syscall.Getpid()
	syscall.Mkdir("x", 0o700) // want `makes system calls: syscall.Mkdir`
	return backend.Listen(e)
}

type loads struct{ server }

func (loads) Bind(e backend.Endpoint) (net.Listener, error) {
	backend.Load(context.Background(), func(context.Context) ([]byte, error) { // want `loads state, which belongs in Serve: backend.Load`
		return os.ReadFile("state") // want `does file input/output: os.ReadFile`
	})
	go load() // want `does file input/output: load`
	return backend.Listen(e)
}
