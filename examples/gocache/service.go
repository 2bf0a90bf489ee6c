package main

import (
	"context"
	"net"
	"time"

	"github.com/daemonry/daemonry"
)

// service is the name to dial.
const service = "gocache"

// idle is how long the daemon stays without a go command. To start and load it
// again takes a few tens of milliseconds.
const idle = 30 * time.Minute

// definition is what the broker needs to know of us if no file in its
// config directory says otherwise. It has no version: then a warm Dial need not
// ask the broker, and helper and daemon compare protocols when they meet.
func definition() daemonry.Service {
	return daemonry.Service{
		Command:     []string{executable(), "daemon", "--dir", "{state_dir}"},
		Description: "build cache of the go command",
		Ready:       daemonry.ReadyNotify,
		Limits:      daemonry.Limits{Idle: daemonry.Duration(idle)},
		// Two daemons cannot serve one store, so one must end before the next begins.
		Policy: daemonry.Policy{Upgrade: "when_idle"},
	}
}

// dial connects to the daemon, starting whatever is missing.
func dial(ctx context.Context) (net.Conn, error) {
	return daemonry.Dial(ctx, service, daemonry.Define(definition()))
}

// hopeless reports that dialling again would give the same answer.
func hopeless(err error) bool {
	switch daemonry.CodeOf(err) {
	case daemonry.CodeOff, daemonry.CodeDisabled, daemonry.CodeFailed, daemonry.CodeBrokerUnavailable,
		daemonry.CodeInvalidDefinition, daemonry.CodeUnsafeEndpoint, daemonry.CodeUnknownService, daemonry.CodeVersionRefused:
		return true
	}
	return false
}
