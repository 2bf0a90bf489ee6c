package main

import (
	"net"

	"github.com/daemonry/daemonry/backend"
)

type daemon struct{}

func (daemon) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func main() { backend.Main[daemon]() }
