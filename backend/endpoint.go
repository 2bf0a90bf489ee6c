package backend

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/record"
)

// An Endpoint is where a daemon is reached. It is opaque and comparable; the zero
// value is none, and gives an invalid-endpoint error wherever one is needed.
type Endpoint struct {
	network, address           string
	service, version, instance string
}

const (
	tcpPrefix  = "tcp:"
	unixPrefix = "unix:"
	pipePrefix = `\\.\pipe\`
)

// ParseEndpoint reads the text form of an endpoint:
//
//	/run/user/1000/daemonry/x.sock   a unix socket, an absolute path; "unix:" may precede it
//	tcp:127.0.0.1:4226               a TCP port of a literal loopback address
//	\\.\pipe\daemonry-…-x            a named pipe (Windows)
//
// Abstract socket names are refused, as anybody can reach them, and other TCP
// addresses too. The error is a *BindError of kind KindInvalidEndpoint.
func ParseEndpoint(text string) (Endpoint, error) {
	e, err := parseEndpoint(text)
	if err != nil {
		return Endpoint{}, &BindError{Kind: KindInvalidEndpoint, Err: fmt.Errorf("%q: %w", text, err)}
	}
	return e, nil
}

func parseEndpoint(text string) (Endpoint, error) {
	if strings.ContainsRune(text, 0) {
		return Endpoint{}, errors.New("it contains a NUL byte")
	}
	if address, ok := strings.CutPrefix(text, tcpPrefix); ok {
		return parseTCP(address)
	}
	if name, ok := strings.CutPrefix(text, pipePrefix); ok {
		if name == "" || strings.ContainsAny(name, `\/`) {
			return Endpoint{}, errors.New("a pipe's name is not empty and has no slash")
		}
		return Endpoint{network: "pipe", address: text}, nil
	}
	return parseUnix(strings.TrimPrefix(text, unixPrefix))
}

func parseUnix(path string) (Endpoint, error) {
	switch {
	case path == "":
		return Endpoint{}, errors.New("it is empty")
	case !filepath.IsAbs(path):
		return Endpoint{}, errors.New("the path is not absolute")
	case strings.HasSuffix(path, string(filepath.Separator)):
		return Endpoint{}, errors.New("the path names a directory")
	}
	if err := endpoint.CheckLen(path); err != nil {
		return Endpoint{}, err
	}
	return Endpoint{network: "unix", address: path, service: serviceOf(path)}, nil
}

func parseTCP(address string) (Endpoint, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return Endpoint{}, err
	}
	if !at.Addr().IsLoopback() || at.Addr().Zone() != "" {
		return Endpoint{}, errors.New("not a loopback address: other machines could reach it")
	}
	if at.Port() == 0 {
		return Endpoint{}, errors.New("port 0 is a different one each time")
	}
	return Endpoint{network: "tcp", address: at.String()}, nil
}

// serviceOf reads the service from "x.sock" and "x@0123456789.sock"; "" if the
// path is not of Daemonry's making.
func serviceOf(path string) string {
	key, ok := strings.CutSuffix(filepath.Base(path), ".sock")
	if !ok || !record.ValidKey(key) {
		return ""
	}
	return serviceOfKey(key)
}

// String returns the text form, which ParseEndpoint reads back; "" for the zero
// value.
func (e Endpoint) String() string {
	if e.network == "tcp" {
		return tcpPrefix + e.address
	}
	return e.address
}

// Network returns "unix", "pipe" or "tcp"; "" for the zero value.
func (e Endpoint) Network() string { return e.network }

// Service returns the service's name, "" if it is not known.
func (e Endpoint) Service() string { return e.service }

// Version returns the service's version, "" if it has none or is not known.
func (e Endpoint) Version() string { return e.version }

// Instance returns the instance, "" if there is none or it is not known.
func (e Endpoint) Instance() string { return e.instance }
