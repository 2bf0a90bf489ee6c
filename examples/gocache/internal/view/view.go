package view

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// An Item is one row: what an action produced, and the stamp that the output's
// file had when its bytes were last verified.
type Item struct {
	Action object.Action
	Entry  object.Entry
	Stamp  object.Stamp
}

// The format: a header of 32 bytes (magic, number of items, bits, zeros), a
// table of 1<<bits + 1 32-bit positions, padding to 8 bytes, the items sorted
// by action. Position i is where the actions begin whose first `bits` bits are
// i. Numbers are little-endian.
const (
	magic      = "gocview\x01"
	headerSize = 32
	itemSize   = 32 + 32 + 4*8
	maxItems   = 1 << 28
)

// A FormatError says why a file is not a view.
type FormatError struct {
	Path   string
	Reason string
}

// Error returns "PATH is not a view: why".
func (e *FormatError) Error() string { return e.Path + " is not a view: " + e.Reason }

// View is an open view.
type View struct {
	data      []byte // the whole file
	positions []byte
	items     []byte
	bits      uint
	release   func() error
}

// Open maps the view at path.
func Open(path string) (*View, error) {
	data, release, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	v := &View{data: data, release: release}
	if reason := v.parse(); reason != "" {
		release()
		return nil, &FormatError{path, reason}
	}
	return v, nil
}

func (v *View) parse() string {
	if len(v.data) < headerSize || string(v.data[:8]) != magic {
		return "no header of this version"
	}
	count := binary.LittleEndian.Uint64(v.data[8:])
	bits := binary.LittleEndian.Uint32(v.data[16:])
	if count > maxItems || bits != bitsFor(int(count)) {
		return fmt.Sprintf("a table of %d items and %d bits", count, bits)
	}
	v.bits = uint(bits)
	start := itemsStart(v.bits)
	if want := start + int(count)*itemSize; len(v.data) != want {
		return fmt.Sprintf("%d bytes instead of %d", len(v.data), want)
	}
	v.positions, v.items = v.data[headerSize:start], v.data[start:]
	return ""
}

// Len returns the number of items.
func (v *View) Len() int { return len(v.items) / itemSize }

// Lookup returns the item of an action.
func (v *View) Lookup(action object.Action) (Item, bool) {
	at, end := v.bucket(action)
	for ; at < end; at++ {
		if row := v.items[at*itemSize:][:itemSize]; object.Action(row[:32]) == action {
			return decode(row), true
		}
	}
	return Item{}, false
}

// bucket returns the range of rows that share the action's first bits; a table
// with impossible positions yields an empty one.
func (v *View) bucket(action object.Action) (from, to int) {
	i := int(key(action, v.bits)) * 4
	from = int(binary.LittleEndian.Uint32(v.positions[i:]))
	to = int(binary.LittleEndian.Uint32(v.positions[i+4:]))
	if from > to || to > v.Len() {
		return 0, 0
	}
	return from, to
}

// Close gives the memory back. Closing twice is harmless.
func (v *View) Close() error {
	if v.release == nil {
		return nil
	}
	release := v.release
	*v = View{positions: make([]byte, 8)}
	return release()
}

func key(action object.Action, bits uint) uint32 {
	return uint32(uint64(binary.BigEndian.Uint32(action[:])) >> (32 - bits))
}

// bitsFor aims at four items to a bucket.
func bitsFor(count int) uint32 {
	bits := uint32(0)
	for count>>bits > 4 {
		bits++
	}
	return bits
}

func itemsStart(bits uint) int {
	return (headerSize + 4*(1<<bits+1) + 7) &^ 7
}

func decode(row []byte) Item {
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(row[64+8*i:]) }
	size := int64(number(0))
	return Item{
		Action: object.Action(row[:32]),
		Entry:  object.Entry{Output: object.Output(row[32:64]), Size: size, Time: time.Unix(0, int64(number(1)))},
		Stamp:  object.Stamp{Size: size, ModTime: int64(number(2)), Inode: number(3)},
	}
}

func encode(row []byte, item Item) []byte {
	row = append(row, item.Action[:]...)
	row = append(row, item.Entry.Output[:]...)
	row = binary.LittleEndian.AppendUint64(row, uint64(item.Entry.Size))
	row = binary.LittleEndian.AppendUint64(row, uint64(item.Entry.Time.UnixNano()))
	row = binary.LittleEndian.AppendUint64(row, uint64(item.Stamp.ModTime))
	return binary.LittleEndian.AppendUint64(row, item.Stamp.Inode)
}
