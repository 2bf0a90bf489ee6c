package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts a generation's record in place, with mode 0600: complete, by
// rename, or not at all. There is no fsync: after a crash of the machine its boot
// id makes it stale anyway.
func Write(dir, key string, r Record) error {
	r.Schema = Schema
	if reason := r.flaw(); reason != "" {
		return fmt.Errorf("cannot write the record of %s: %s", key, reason)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if len(data) >= MaxSize {
		return fmt.Errorf("cannot write the record of %s: %d bytes are more than %d", key, len(data), MaxSize)
	}
	return replace(Path(dir, key, r.Generation), append(data, '\n'))
}

func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), stemOf(path)+tempMark+"*") // 0600, O_EXCL
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name())) // nothing half-written stays
	}
	return nil
}

func stemOf(path string) string {
	base := filepath.Base(path)
	return base[:len(base)-len(recordSuffix)]
}

// Read reads a record. It gives a *CorruptError for what is no record of ours: a
// file that does not parse, is too large, is not regular or belongs to another
// user. Nothing that the path may name can make it wait.
func Read(path string) (Record, error) {
	f, err := openRecord(path)
	if err != nil {
		return Record{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Record{}, err
	}
	if reason := foreign(info); reason != "" {
		return Record{}, &CorruptError{path, reason}
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return Record{}, err
	}
	if len(data) > MaxSize {
		return Record{}, &CorruptError{path, fmt.Sprintf("it has more than %d bytes", MaxSize)}
	}
	return parse(path, data)
}

// Remove removes a generation's files. A missing one is fine. The caller knows that
// nothing vouches for the generation any more: a lock that somebody still holds
// would be lost from sight.
func Remove(dir, key string, generation uint64) error {
	errs := []error{
		os.Remove(Path(dir, key, generation)), // first: without it the lock says nothing
		os.Remove(LockPath(dir, key, generation)),
	}
	// The name has no character that a pattern knows, but the directory may.
	entries, err := os.ReadDir(dir)
	errs = append(errs, err)
	for _, e := range entries {
		if isTempOf(e.Name(), key, generation) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	for i, err := range errs {
		if errors.Is(err, fs.ErrNotExist) {
			errs[i] = nil
		}
	}
	return errors.Join(errs...)
}

func isTempOf(file, key string, generation uint64) bool {
	prefix := stem(key, generation) + tempMark
	return len(file) > len(prefix) && file[:len(prefix)] == prefix
}
