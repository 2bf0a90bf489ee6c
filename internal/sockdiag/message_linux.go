package sockdiag

import (
	"encoding/binary"
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// What to show, from the kernel's unix_diag.h.
const (
	showVFS     = 1 << 1
	showClients = 1 << 3
	showQueue   = 1 << 4
)

// Attributes of an answer, from the same file.
const (
	attrVFS     = 1
	attrClients = 3
	attrQueue   = 4
)

const (
	messageSize = 16 // struct unix_diag_msg
	headerSize  = 4  // struct rtattr
)

// diagRequest is struct unix_diag_req.
type diagRequest struct{ states, ino, show uint32 }

func (r diagRequest) bytes() []byte {
	b := []byte{unix.AF_UNIX, 0, 0, 0}
	// The cookie is all ones: any socket that has the inode.
	for _, n := range []uint32{r.states, r.ino, r.show, math.MaxUint32, math.MaxUint32} {
		b = binary.NativeEndian.AppendUint32(b, n)
	}
	return b
}

// entry is one socket of an answer.
type entry struct {
	kind    int    // unix.SOCK_STREAM…
	ino     uint32 // of the socket itself; 0 until it is accepted
	bound   bool   // to a file
	file    Inode  // if bound
	pending uint32
	clients []uint32
}

// parseEntry reads struct unix_diag_msg and the attributes after it.
func parseEntry(b []byte) (entry, error) {
	if len(b) < messageSize {
		return entry{}, fmt.Errorf("an answer about a socket of %d bytes, want %d or more", len(b), messageSize)
	}
	e := entry{kind: int(b[1]), ino: binary.NativeEndian.Uint32(b[4:])}
	for b = b[messageSize:]; len(b) >= headerSize; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < headerSize || size > len(b) {
			return entry{}, fmt.Errorf("an attribute of %d bytes where %d are left", size, len(b))
		}
		if err := e.set(binary.NativeEndian.Uint16(b[2:]), words(b[headerSize:size])); err != nil {
			return entry{}, err
		}
		b = b[min((size+3)&^3, len(b)):] // aligned to 4 bytes
	}
	return e, nil
}

func (e *entry) set(attribute uint16, value []uint32) error {
	switch attribute {
	case attrVFS: // struct unix_diag_vfs: inode, device
		if len(value) < 2 {
			return fmt.Errorf("a file of %d words, want 2", len(value))
		}
		e.bound, e.file = true, Inode{Dev: device(value[1]), Ino: value[0]}
	case attrQueue: // struct unix_diag_rqlen: of a listener the queue and its limit
		if len(value) < 2 {
			return fmt.Errorf("a queue of %d words, want 2", len(value))
		}
		e.pending = value[0]
	case attrClients:
		e.clients = value
	}
	return nil
}

func words(b []byte) []uint32 {
	w := make([]uint32, 0, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		w = append(w, binary.NativeEndian.Uint32(b))
	}
	return w
}

// device turns the kernel's inner form (12 bits and 20 bits) into that of stat(2).
func device(dev uint32) uint64 { return unix.Mkdev(dev>>20, dev&(1<<20-1)) }
