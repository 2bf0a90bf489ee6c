package conform

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// socket is a listening socket as /proc/PID/net shows it.
type socket struct {
	inode   uint64
	network string // unix, tcp
	address string // path ("@" for abstract names, "" for none), or address and port
}

func (s socket) String() string {
	if s.address == "" {
		return s.network + ", without a name"
	}
	return s.network + ":" + s.address
}

// listening returns the listening sockets of the network namespace of pid.
func listening(pid int) ([]socket, error) {
	var all []socket
	for _, table := range []struct {
		file  string
		parse func(line string) (socket, bool, error)
	}{{"unix", parseUnix}, {"tcp", parseTCP}, {"tcp6", parseTCP}} {
		path := filepath.Join("/proc", strconv.Itoa(pid), "net", table.file)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && table.file == "tcp6" {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, err
		}
		list, err := parseTable(string(data), table.parse)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		all = append(all, list...)
	}
	return all, nil
}

// parseTable reads a table with a heading. A path with a line break takes more than a
// line; what follows the break is passed over.
func parseTable(text string, parse func(string) (socket, bool, error)) ([]socket, error) {
	var list []socket
	_, rest, _ := strings.Cut(text, "\n")
	for line := range strings.Lines(rest) {
		s, ok, err := parse(strings.TrimRight(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
		if ok {
			list = append(list, s)
		}
	}
	return list, nil
}

// acceptsConnections is __SO_ACCEPTCON of the kernel's net.h, in the field Flags.
const acceptsConnections = 1 << 16

// parseUnix reads "Num: RefCount Protocol Flags Type St Inode Path". What does not
// read so is the rest of a path with a line break, whosoever it is.
func parseUnix(line string) (s socket, listens bool, err error) {
	number, rest, _ := strings.Cut(line, " ")
	fields := strings.Fields(rest)
	if !strings.HasSuffix(number, ":") || len(fields) < 6 {
		return socket{}, false, nil
	}
	flags, badFlags := strconv.ParseUint(fields[2], 16, 32)
	inode, badInode := strconv.ParseUint(fields[5], 10, 64)
	if badFlags != nil || badInode != nil || flags&acceptsConnections == 0 {
		return socket{}, false, nil
	}
	s = socket{network: "unix", inode: inode}
	if len(fields) > 6 {
		_, s.address, _ = strings.Cut(rest, " "+fields[5]+" ") // a path may hold spaces
	}
	return s, true, nil
}

// tcpListen is TCP_LISTEN of the kernel's tcp_states.h.
const tcpListen = "0A"

// parseTCP reads "sl local_address rem_address st … inode …".
func parseTCP(line string) (s socket, listens bool, err error) {
	fields := strings.Fields(line)
	if len(fields) < 10 {
		return socket{}, false, nil
	}
	if fields[3] != tcpListen {
		return socket{}, false, nil
	}
	s = socket{network: "tcp"}
	if s.inode, err = strconv.ParseUint(fields[9], 10, 64); err != nil {
		return socket{}, false, err
	}
	s.address, err = parseAddress(fields[1])
	return s, true, err
}

// parseAddress reads the kernel's "0100007F:1F90": words of 32 bits in the
// machine's order, and the port.
func parseAddress(text string) (string, error) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if err != nil {
		return "", err
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return "", err
	}
	if len(raw)%4 != 0 {
		return "", fmt.Errorf("%d bytes are no address", len(raw))
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, ok := netip.AddrFromSlice(raw)
	if !ok {
		return "", fmt.Errorf("%d bytes are no address", len(raw))
	}
	return netip.AddrPortFrom(addr, uint16(n)).String(), nil
}

// socketsOf returns the inodes of the sockets that a process has open, none if it
// has gone.
func socketsOf(pid int) (map[uint64]bool, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look at the descriptors of process %d: %w", pid, err)
	}
	inodes := map[uint64]bool{}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil {
			continue // closed meanwhile
		}
		if inode, ok := parseSocketLink(target); ok {
			inodes[inode] = true
		}
	}
	return inodes, nil
}

// parseSocketLink reads "socket:[1234]".
func parseSocketLink(target string) (uint64, bool) {
	digits, ok := strings.CutPrefix(target, "socket:[")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, "]")
	inode, err := strconv.ParseUint(digits, 10, 64)
	return inode, ok && err == nil
}
