package broker

import (
	"net"
	"testing"
	"time"
)

// The table of the kernel, against sockets of which one knows what they are.
func TestTCPPeers(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want := func(what string, accepted, waiting int) {
			t.Helper()
			for deadline := time.Now().Add(5 * time.Second); ; <-time.After(time.Millisecond) {
				peers, err := tcpPeers(l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				if peers.accepted == accepted && len(peers.waiting) == waiting {
					return
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s, %s: %d accepted, waiting %v; want %d and %d", address, what, peers.accepted, peers.waiting, accepted, waiting)
				}
			}
		}
		want("nobody", 0, 0)
		first, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		second, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		want("one of two accepted", 1, 1)
		second.Close()
		want("the other has gone", 1, 0)
		conn.Close()
		first.Close()
		want("all gone", 0, 0)
	}
}
