package broker

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// peersOf is who is connected to a listening TCP address.
type peersOf struct {
	accepted int             // connections that a process holds
	waiting  map[string]bool // the addresses of clients that nobody has accepted and that are still there
}

// tcpPeers reads proc(5)'s table of TCP sockets: a connection that nobody has
// accepted has no inode yet.
func tcpPeers(address string) (peersOf, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return peersOf{}, err
	}
	table := "/proc/net/tcp"
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		table = "/proc/net/tcp6"
	}
	data, err := os.ReadFile(table)
	if err != nil {
		return peersOf{}, fmt.Errorf("cannot count connections: %w", err)
	}
	return parsePeers(string(data), at), nil
}

// States of a connection, from the kernel's tcp_states.h.
const (
	tcpEstablished = "01"
	tcpTimeWait    = "06"
	tcpListen      = "0A"
)

func parsePeers(table string, at netip.AddrPort) peersOf {
	peers := peersOf{waiting: map[string]bool{}}
	local := tableAddress(at)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || f[1] != local || f[3] == tcpListen || f[3] == tcpTimeWait {
			continue
		}
		switch {
		case f[9] != "0":
			peers.accepted++
		case f[3] == tcpEstablished:
			peers.waiting[f[2]] = true
		}
	}
	return peers
}

// tableAddress is an address as the table has it: words in the machine's order
// of bytes, then the port.
func tableAddress(at netip.AddrPort) string {
	b := at.Addr().Unmap().AsSlice()
	for i := 0; i+4 <= len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	return strings.ToUpper(hex.EncodeToString(b)) + ":" + strings.ToUpper(pad4(strconv.FormatUint(uint64(at.Port()), 16)))
}

func pad4(s string) string { return strings.Repeat("0", 4-len(s)) + s }
