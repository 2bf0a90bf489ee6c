package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// A kind says what a record of the index means.
type kind byte

const (
	kindPut    kind = 1 // action produced output, size bytes, at time
	kindUsed   kind = 2 // output was served at time (written at most once an hour for each)
	kindDrop   kind = 3 // output was deleted
	kindOpened kind = 4 // a daemon began
	kindClosed kind = 5 // it ended in an orderly way; its successor may delete from time on
)

// record is one line of the index. On disk it has recordSize bytes: kind, three
// zeros, CRC-32C of the whole with this field zero, action, output, size, time
// (nanoseconds since 1970), little-endian.
type record struct {
	kind   kind
	action object.Action
	output object.Output
	size   int64
	time   int64
}

const (
	journalMagic = "gocache index 1\n"
	recordSize   = 8 + 32 + 32 + 8 + 8
)

func checksum(b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // the same table every time
	sum := crc32.Update(0, table, b[:4])
	sum = crc32.Update(sum, table, []byte{0, 0, 0, 0})
	return crc32.Update(sum, table, b[8:])
}

func (r record) append(b []byte) []byte {
	start := len(b)
	b = append(b, byte(r.kind), 0, 0, 0, 0, 0, 0, 0)
	b = append(b, r.action[:]...)
	b = append(b, r.output[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.size))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.time))
	binary.LittleEndian.PutUint32(b[start+4:], checksum(b[start:]))
	return b
}

// parseRecord reports false for anything that was not written whole.
func parseRecord(b []byte) (record, bool) {
	if binary.LittleEndian.Uint32(b[4:]) != checksum(b[:recordSize]) {
		return record{}, false
	}
	r := record{
		kind:   kind(b[0]),
		action: object.Action(b[8:40]),
		output: object.Output(b[40:72]),
		size:   int64(binary.LittleEndian.Uint64(b[72:])),
		time:   int64(binary.LittleEndian.Uint64(b[80:])),
	}
	return r, r.kind >= kindPut && r.kind <= kindClosed && r.size >= 0
}

// journal is the index as a file. Every record stands for itself, so that a bad
// one is skipped and costs one object, not the cache.
type journal struct {
	path string
	file *os.File
	size int64 // bytes of whole records, and where the next one goes
}

// openJournal opens or creates the index at path and calls each for every good
// record. It returns the number of bad ones. A file that is no index of this
// format is set aside under the name path.damaged.
func openJournal(path string, each func(record)) (*journal, int, error) {
	bad, size, err := readJournal(path, each)
	if err != nil {
		return nil, 0, err
	}
	j := &journal{path: path, size: size}
	if size == 0 {
		return j, bad, j.create(nil)
	}
	j.file, err = os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = j.file.Truncate(size) // the rest of a record that was being written
	}
	return j, bad, err
}

func readJournal(path string, each func(record)) (bad int, size int64, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	if len(data) < len(journalMagic) || string(data[:len(journalMagic)]) != journalMagic {
		return 1, 0, os.Rename(path, path+".damaged")
	}
	size = int64(len(journalMagic))
	for rest := data[size:]; len(rest) >= recordSize; rest = rest[recordSize:] {
		if r, ok := parseRecord(rest); ok {
			each(r)
		} else {
			bad++
		}
		size += recordSize
	}
	return bad, size, nil
}

// create makes the file anew with these records: under another name first, so
// that a crash leaves the old index or the new one.
func (j *journal) create(records []record) error {
	f, err := os.OpenFile(j.path+".tmp", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	b := make([]byte, 0, len(journalMagic)+len(records)*recordSize)
	b = append(b, journalMagic...)
	for _, r := range records {
		b = r.append(b)
	}
	if _, err = f.Write(b); err == nil {
		err = os.Rename(j.path+".tmp", j.path)
	}
	if err != nil {
		f.Close()
		return err
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.size = f, int64(len(b))
	return nil
}

// add appends a record with one write. If that falls short (the disk is full)
// the next record overwrites what was left of it.
func (j *journal) add(r record) error {
	n, err := j.file.WriteAt(r.append(make([]byte, 0, recordSize)), j.size)
	if err == nil && n < recordSize {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("cannot write to the index: %w", err)
	}
	j.size += recordSize
	return nil
}

// records returns how many records the file has.
func (j *journal) records() int {
	return int(j.size-int64(len(journalMagic))) / recordSize
}

func (j *journal) close() error { return j.file.Close() }
