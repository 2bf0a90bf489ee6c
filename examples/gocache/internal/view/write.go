package view

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"slices"
)

// Write makes the file at path a view of the items, which it sorts in place. No
// two may have the same action. A file that is there is replaced; whoever has it
// mapped keeps the old one.
func Write(path string, items []Item) error {
	slices.SortFunc(items, func(a, b Item) int { return bytes.Compare(a.Action[:], b.Action[:]) })
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = writeTo(f, items)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		os.Remove(path + ".tmp")
	}
	return err
}

func writeTo(f io.Writer, items []Item) error {
	w := bufio.NewWriterSize(f, 256<<10)
	bits := bitsFor(len(items))
	w.Write(header(len(items), bits))
	w.Write(positions(items, uint(bits)))
	row := make([]byte, 0, itemSize)
	for _, item := range items {
		w.Write(encode(row[:0], item))
	}
	return w.Flush() // a bufio.Writer keeps its first error
}

func header(count int, bits uint32) []byte {
	h := make([]byte, headerSize)
	copy(h, magic)
	binary.LittleEndian.PutUint64(h[8:], uint64(count))
	binary.LittleEndian.PutUint32(h[16:], bits)
	return h
}

// positions returns the table, padded to where the items start.
func positions(items []Item, bits uint) []byte {
	table := make([]byte, itemsStart(bits)-headerSize)
	next := 0
	for bucket := range 1<<bits + 1 {
		for next < len(items) && int(key(items[next].Action, bits)) < bucket {
			next++
		}
		binary.LittleEndian.PutUint32(table[4*bucket:], uint32(next))
	}
	return table
}
