package record

import (
	"errors"
	"fmt"
	"os"
)

// ErrNoRecord is an entry's error if there is a lock without a record: whoever
// made it died between the two, or is about to write it.
var ErrNoRecord = errors.New("there is a lock but no record")

// An Entry is one generation found on disk.
type Entry struct {
	Key        string
	Generation uint64
	Path       string // of the record
	LockPath   string
	Record     Record // if Err is nil
	Err        error  // *CorruptError, ErrNoRecord, or why it could not be read
}

// List returns the generations that dir has files of, ordered by name. Other
// files are passed over. One bad record does not hold up the rest: its entry has
// the error.
func List(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	seen := make(map[string]bool)
	for _, f := range files { // KEY.N.json comes before KEY.N.lock
		key, generation, isRecord := parseName(f.Name(), recordSuffix)
		if !isRecord {
			var isLock bool
			if key, generation, isLock = parseName(f.Name(), lockSuffix); !isLock || seen[stem(key, generation)] {
				continue
			}
		}
		seen[stem(key, generation)] = true
		entries = append(entries, load(dir, key, generation, isRecord))
	}
	return entries, nil
}

func load(dir, key string, generation uint64, isRecord bool) Entry {
	e := Entry{Key: key, Generation: generation, Path: Path(dir, key, generation), LockPath: LockPath(dir, key, generation), Err: ErrNoRecord}
	if !isRecord {
		return e
	}
	if e.Record, e.Err = Read(e.Path); e.Err != nil {
		return e
	}
	if service := serviceOf(key); e.Record.Generation != generation || e.Record.Service != service {
		e.Err = &CorruptError{e.Path, fmt.Sprintf("it is the record of %s, generation %d", e.Record.Service, e.Record.Generation)}
		e.Record = Record{}
	}
	return e
}

func serviceOf(key string) string {
	for i := range len(key) {
		if key[i] == '@' {
			return key[:i]
		}
	}
	return key
}

// Highest returns the highest generation of key among entries, readable or not;
// 0 if there is none.
func Highest(entries []Entry, key string) uint64 {
	var highest uint64
	for _, e := range entries {
		if e.Key == key {
			highest = max(highest, e.Generation)
		}
	}
	return highest
}
