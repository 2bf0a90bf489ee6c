//go:build linux

package sockdiag

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// message builds an answer from its attributes.
func message(attributes ...[]byte) []byte {
	b := make([]byte, messageSize)
	b[0], b[1] = unix.AF_UNIX, unix.SOCK_STREAM
	binary.NativeEndian.PutUint32(b[4:], 4711)
	for _, a := range attributes {
		b = append(b, a...)
	}
	return b
}

func attribute(size, kind uint16, values ...uint32) []byte {
	b := binary.NativeEndian.AppendUint16(nil, size)
	b = binary.NativeEndian.AppendUint16(b, kind)
	for _, v := range values {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return b
}

func TestParseEntry(t *testing.T) {
	whole := message(attribute(12, attrVFS, 77, 8<<20|300), attribute(12, attrQueue, 5, 128), attribute(5, 99, 0), attribute(12, attrClients, 0, 6))
	e, err := parseEntry(whole)
	if err != nil || e.ino != 4711 || !e.bound || e.file != (Inode{unix.Mkdev(8, 300), 77}) || e.pending != 5 || e.socket().Head != 6 {
		t.Errorf("%+v, %v", e, err)
	}
	for name, bad := range map[string][]byte{
		"empty":              {},
		"short":              whole[:messageSize-1],
		"attribute too long": message(attribute(13, attrVFS, 77, 8)),
		"attribute of 3":     message(attribute(3, attrVFS, 77, 8)),
		"file too short":     message(attribute(8, attrVFS, 77)),
		"queue too short":    message(attribute(4, attrQueue)),
	} {
		if e, err := parseEntry(bad); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add(message(attribute(12, attrVFS, 77, 8), attribute(12, attrQueue, 5, 128), attribute(12, attrClients, 0, 6)))
	f.Add(message(attribute(5, attrClients, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b)
		if err == nil && len(e.clients)*4 > len(b) {
			t.Errorf("%d clients from %d bytes", len(e.clients), len(b))
		}
	})
}
