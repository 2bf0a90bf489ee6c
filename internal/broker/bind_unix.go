//go:build unix

package broker

import (
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// listeningAddress is where a socket listens, for people; "" if it does not.
func listeningAddress(fd int) string {
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens == 0 {
		return ""
	}
	sockaddr, err := unix.Getsockname(fd)
	if err != nil {
		return ""
	}
	switch a := sockaddr.(type) {
	case *unix.SockaddrUnix:
		return a.Name
	case *unix.SockaddrInet4:
		return "tcp:" + netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return "tcp:" + netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)).String()
	}
	return "a socket of another kind (" + strconv.Itoa(fd) + ")"
}
