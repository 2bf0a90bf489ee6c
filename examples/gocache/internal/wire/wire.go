package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Version is in Hello. It changes when anything here does, or the format of
// views, or where objects lie.
const Version = 1

// MaxPayload bounds a frame's payload, in bytes.
const MaxPayload = 64 << 10

// headerSize is: payload length (4), kind (1), zeros (3), id (8).
const headerSize = 16

// A Kind says what a frame is.
type Kind uint8

// The kinds.
const (
	KindHello Kind = 1 + iota
	KindWelcome
	KindGet
	KindPut
	KindHit
	KindMiss
	KindFailed
	KindUsed
	KindStats
	KindClean
	KindReport
	KindBye
	kindEnd
)

// A Frame is one message. ID is the client's choice and comes back with the
// answer.
type Frame struct {
	Kind    Kind
	ID      int64
	Payload []byte
}

// A FormatError says how a peer broke the protocol.
type FormatError struct{ Reason string }

// Error returns "not the gocache protocol: why".
func (e *FormatError) Error() string { return "not the gocache protocol: " + e.Reason }

func malformed(format string, args ...any) error {
	return &FormatError{fmt.Sprintf(format, args...)}
}

// Append appends the frame's bytes to b.
func Append(b []byte, kind Kind, id int64, payload ...[]byte) []byte {
	size := 0
	for _, p := range payload {
		size += len(p)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, byte(kind), 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(id))
	for _, p := range payload {
		b = append(b, p...)
	}
	return b
}

// A Reader reads frames. Its payloads are valid until the next Read.
type Reader struct {
	r      io.Reader
	header [headerSize]byte
	buffer []byte
}

// NewReader returns a Reader of r, which should be buffered.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Read reads a frame. io.EOF is an end between two frames.
func (r *Reader) Read() (Frame, error) {
	if _, err := io.ReadFull(r.r, r.header[:]); err != nil {
		return Frame{}, err
	}
	size := binary.LittleEndian.Uint32(r.header[:])
	f := Frame{Kind: Kind(r.header[4]), ID: int64(binary.LittleEndian.Uint64(r.header[8:]))}
	if size > MaxPayload {
		return Frame{}, malformed("a frame of %d bytes", size)
	}
	if f.Kind == 0 || f.Kind >= kindEnd {
		return Frame{}, malformed("a frame of kind %d", f.Kind)
	}
	if cap(r.buffer) < int(size) {
		r.buffer = make([]byte, size, max(int(size), 512))
	}
	f.Payload = r.buffer[:size]
	if _, err := io.ReadFull(r.r, f.Payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return f, nil
}
