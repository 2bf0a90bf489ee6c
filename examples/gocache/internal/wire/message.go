package wire

import (
	"encoding/binary"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// A Hello begins a connection.
type Hello struct {
	Version uint32
	// Helper is a client of a go command, which gets a lease and a view; false is
	// a tool that asks for Stats or Clean.
	Helper bool
}

// Append appends the frame's bytes to b.
func (m Hello) Append(b []byte) []byte {
	var p [8]byte
	binary.LittleEndian.PutUint32(p[:], m.Version)
	if m.Helper {
		p[4] = 1
	}
	return Append(b, KindHello, 0, p[:])
}

// ParseHello reads a Hello.
func ParseHello(f Frame) (Hello, error) {
	if f.Kind != KindHello || len(f.Payload) < 8 {
		return Hello{}, malformed("a hello of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	return Hello{Version: binary.LittleEndian.Uint32(f.Payload), Helper: f.Payload[4] != 0}, nil
}

// A Welcome answers a Hello.
type Welcome struct {
	Version uint32
	Dir     string // the store's directory
	View    string // the path of a view; empty: there is none
}

// Append appends the frame's bytes to b.
func (m Welcome) Append(b []byte) []byte {
	var p [8]byte
	binary.LittleEndian.PutUint32(p[:], m.Version)
	binary.LittleEndian.PutUint32(p[4:], uint32(len(m.Dir)))
	return Append(b, KindWelcome, 0, p[:], []byte(m.Dir), []byte(m.View))
}

// ParseWelcome reads a Welcome.
func ParseWelcome(f Frame) (Welcome, error) {
	if f.Kind != KindWelcome || len(f.Payload) < 8 {
		return Welcome{}, malformed("a welcome of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	m := Welcome{Version: binary.LittleEndian.Uint32(f.Payload)}
	dir, rest := binary.LittleEndian.Uint32(f.Payload[4:]), f.Payload[8:]
	if uint64(dir) > uint64(len(rest)) {
		return Welcome{}, malformed("a directory of %d bytes in a welcome of %d", dir, len(rest))
	}
	m.Dir, m.View = string(rest[:dir]), string(rest[dir:])
	return m, nil
}

// AppendGet appends the question what an action produced.
func AppendGet(b []byte, id int64, action object.Action) []byte {
	return Append(b, KindGet, id, action[:])
}

// ParseGet reads a Get.
func ParseGet(f Frame) (object.Action, error) {
	if f.Kind != KindGet || len(f.Payload) != 32 {
		return object.Action{}, malformed("a get of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	return object.Action(f.Payload), nil
}

// A Put says that the file at Path, in the spool, is what Action produced.
type Put struct {
	Action object.Action
	Output object.Output
	Size   int64 // bytes
	Path   string
}

// Append appends the frame's bytes to b.
func (m Put) Append(b []byte, id int64) []byte {
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(m.Size))
	return Append(b, KindPut, id, m.Action[:], m.Output[:], size[:], []byte(m.Path))
}

// ParsePut reads a Put.
func ParsePut(f Frame) (Put, error) {
	if f.Kind != KindPut || len(f.Payload) < 72 {
		return Put{}, malformed("a put of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	m := Put{
		Action: object.Action(f.Payload[:32]),
		Output: object.Output(f.Payload[32:64]),
		Size:   int64(binary.LittleEndian.Uint64(f.Payload[64:])),
		Path:   string(f.Payload[72:]),
	}
	if m.Size < 0 {
		return Put{}, malformed("a put of %d bytes", m.Size)
	}
	return m, nil
}

// A Hit says where an action's output is.
type Hit struct {
	Entry object.Entry
	Path  string
}

// Append appends the frame's bytes to b.
func (m Hit) Append(b []byte, id int64) []byte {
	var p [48]byte
	copy(p[:], m.Entry.Output[:])
	binary.LittleEndian.PutUint64(p[32:], uint64(m.Entry.Size))
	binary.LittleEndian.PutUint64(p[40:], uint64(m.Entry.Time.UnixNano()))
	return Append(b, KindHit, id, p[:], []byte(m.Path))
}

// ParseHit reads a Hit.
func ParseHit(f Frame) (Hit, error) {
	if f.Kind != KindHit || len(f.Payload) < 48 {
		return Hit{}, malformed("a hit of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	return Hit{
		Entry: object.Entry{
			Output: object.Output(f.Payload[:32]),
			Size:   int64(binary.LittleEndian.Uint64(f.Payload[32:])),
			Time:   time.Unix(0, int64(binary.LittleEndian.Uint64(f.Payload[40:]))),
		},
		Path: string(f.Payload[48:]),
	}, nil
}

// MaxUsed is how many outputs fit into one Used.
const MaxUsed = (MaxPayload - 8) / 32

// AppendUsed appends the news of hits that the client found in its view.
// outputs must be no more than MaxUsed.
func AppendUsed(b []byte, hits int, outputs []object.Output) []byte {
	p := make([]byte, 8, 8+32*len(outputs))
	binary.LittleEndian.PutUint64(p, uint64(hits))
	for i := range outputs {
		p = append(p, outputs[i][:]...)
	}
	return Append(b, KindUsed, 0, p)
}

// ParseUsed reads a Used.
func ParseUsed(f Frame) (hits int, outputs []object.Output, err error) {
	if f.Kind != KindUsed || len(f.Payload)%32 != 8 {
		return 0, nil, malformed("a used of kind %d and %d bytes", f.Kind, len(f.Payload))
	}
	n := binary.LittleEndian.Uint64(f.Payload)
	if n > 1<<40 {
		return 0, nil, malformed("%d hits at once", n)
	}
	for rest := f.Payload[8:]; len(rest) > 0; rest = rest[32:] {
		outputs = append(outputs, object.Output(rest[:32]))
	}
	return int(n), outputs, nil
}

// AppendFailed appends the answer that a question could not be answered.
func AppendFailed(b []byte, id int64, why error) []byte {
	text := why.Error()
	return Append(b, KindFailed, id, []byte(text[:min(len(text), 4096)]))
}
