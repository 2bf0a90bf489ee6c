package cli

import "net"

// hangup returns a closed channel: a named pipe has no half-close, its end is
// the end of both directions.
func hangup(net.Conn) <-chan struct{} {
	gone := make(chan struct{})
	close(gone)
	return gone
}
