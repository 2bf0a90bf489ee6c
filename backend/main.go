package backend

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// exitInterrupted is the shell's 128 + SIGINT.
const exitInterrupted = 130

func run(m methods) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-signals
		cancel()
		for s := range signals { // SIGTERM may be repeated by whoever supervises; a second Ctrl-C is impatience
			if s == os.Interrupt {
				os.Exit(exitInterrupted)
			}
		}
	}()
	env, err := takeEnvironment()
	if err != nil {
		return start(ctx, Endpoint{}, env, err, m)
	}
	e, err := mainEndpoint(env)
	return start(ctx, e, env, err, m)
}

// mainEndpoint is the endpoint of a daemon whose author names none.
func mainEndpoint(env environment) (Endpoint, error) {
	e, err := Endpoint{}, error(nil)
	switch {
	case env.endpoint != "":
		e, err = ParseEndpoint(env.endpoint)
	case env.listeners > 0:
		e, err = inheritedEndpoint()
	default:
		return endpointByHand(env)
	}
	if env.service != "" {
		e.service, e.version, e.instance = env.service, env.version, env.instance
	}
	return e, err
}

// inheritedEndpoint asks the first descriptor where it listens, and leaves it as
// it is.
func inheritedEndpoint() (Endpoint, error) {
	raw, err := endpoint.FromFD(firstFD)
	if err != nil {
		return Endpoint{}, asBindError(Endpoint{}, err)
	}
	return Endpoint{network: raw.Network(), address: raw.Address(), service: serviceOf(raw.Address())}, nil
}

// endpointByHand is where clients look for a service called like the program.
func endpointByHand(env environment) (Endpoint, error) {
	service := env.service
	if service == "" {
		service = programName()
	}
	dirs, err := endpoint.Locate()
	if err != nil {
		return Endpoint{}, asBindError(Endpoint{}, err)
	}
	path, err := endpoint.Path(dirs.Runtime, service, "", env.instance)
	if err != nil {
		return Endpoint{}, &BindError{Kind: KindInvalidEndpoint, Err: fmt.Errorf("%w (set DAEMONRY_ENDPOINT)", err)}
	}
	e, err := ParseEndpoint(path)
	e.service, e.instance = service, env.instance
	return e, err
}

func programName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
