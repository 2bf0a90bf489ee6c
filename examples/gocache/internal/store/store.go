package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
)

// The defaults.
const (
	DefaultLimit = 10 << 30 // bytes
	DefaultGrace = time.Hour
)

// touchInterval is how old the index's word about an object's last use may be.
// cmd/go has the same interval for the same reason (mtimeInterval): almost all
// writes are saved, and the order stays useful.
const touchInterval = time.Hour

// Config says where a store is and how large it may be.
type Config struct {
	Dir      string               // required, a clean path; created with mode 0700
	Limit    int64                // bytes of objects; zero: DefaultLimit
	Grace    time.Duration        // how long an object is safe after its last use; zero: DefaultGrace
	Now      func() time.Time     // nil: time.Now
	Progress func(message string) // told what a load is doing; may be nil
}

func (c Config) withDefaults() Config {
	if c.Limit == 0 {
		c.Limit = DefaultLimit
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Progress == nil {
		c.Progress = func(string) {}
	}
	return c
}

// Store is an open store.
type Store struct {
	cfg    Config
	lock   *os.File
	opened time.Time

	// publishing serialises the making of views. It is taken before mu.
	publishing sync.Mutex

	// mu guards what follows, and every item. No file is read or hashed under it;
	// single links, unlinks and index writes are.
	mu        sync.Mutex
	actions   map[object.Action]origin
	objects   map[object.Output]*item // alive and condemned
	alive     list
	condemned list
	index     *journal

	leases map[*Lease]struct{}
	epoch  uint64    // grows with every batch that is condemned
	hold   time.Time // nothing is deleted before; see doc.go

	view      string // the current view's path; empty: none
	viewEpoch uint64 // the epoch it was made in
	viewCount int    // numbers the files
	news      int    // items that the view lacks, roughly

	counters Counters
}

// origin is what the index says of an action.
type origin struct {
	output object.Output
	time   int64 // nanoseconds since 1970
}

// Counters counts since the store was opened.
type Counters struct {
	Hits      int64 `json:"hits"`
	Misses    int64 `json:"misses"`
	Puts      int64 `json:"puts"`
	Evictions int64 `json:"evictions"` // objects deleted to keep the limit
	Damaged   int64 `json:"damaged"`   // objects found damaged or missing, and index records found bad
}

// Open loads the store at cfg.Dir, waiting for another process to let go of it
// if need be, until ctx ends.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	for _, dir := range []string{cfg.Dir, filepath.Join(cfg.Dir, object.Dir), filepath.Join(cfg.Dir, SpoolDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("cannot use %s as a store: %w", cfg.Dir, err)
		}
	}
	lock, err := acquire(ctx, filepath.Join(cfg.Dir, "lock"), cfg.Progress)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the store %s: %w", cfg.Dir, err)
	}
	s := &Store{
		cfg: cfg, lock: lock, opened: cfg.Now(),
		actions: map[object.Action]origin{},
		objects: map[object.Output]*item{},
		leases:  map[*Lease]struct{}{},
	}
	if err := s.load(ctx); err != nil {
		lock.Close()
		return nil, fmt.Errorf("cannot load the store %s: %w", cfg.Dir, err)
	}
	return s, nil
}

// Dir returns the store's directory.
func (s *Store) Dir() string { return s.cfg.Dir }

// Close ends the use of the store. It says in the index from when on the next
// daemon may delete: at once, unless a lease is held.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.leases) > 0 {
		s.holdLocked()
	}
	until := s.cfg.Now()
	if s.hold.After(until) {
		until = s.hold
	}
	s.index.add(record{kind: kindClosed, time: until.UnixNano()}) // if it fails the next daemon waits
	if s.view != "" {
		os.Remove(s.view)
	}
	err := s.index.close()
	if lockErr := s.lock.Close(); err == nil {
		err = lockErr
	}
	return err
}

func (s *Store) path(output object.Output) string { return object.Path(s.cfg.Dir, output) }
