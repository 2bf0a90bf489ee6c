//go:build !linux

package broker

import "errors"

// peersOf is who is connected to a listening TCP address.
type peersOf struct {
	accepted int
	waiting  map[string]bool
}

// tcpPeers is not offered: only Linux tells what was accepted.
func tcpPeers(string) (peersOf, error) { return peersOf{}, errors.ErrUnsupported }
