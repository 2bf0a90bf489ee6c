package store_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
)

func hundred(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 100) }

func exists(s *store.Store, n int) bool {
	_, err := os.Stat(object.Path(s.Dir(), sha256.Sum256(hundred(n))))
	return err == nil
}

// filled is a store of ten objects of 100 bytes, put a minute apart, an hour
// after the grace period; object 0 was used again since.
func filled(t *testing.T) (*store.Store, *clock, store.Config) {
	t.Helper()
	c := newClock()
	cfg := store.Config{Dir: t.TempDir(), Limit: 1000, Now: c.Now}
	s := open(t, cfg)
	for n := range 10 {
		put(t, s, action(n), hundred(n))
		c.advance(time.Minute)
	}
	mustHit(t, s, action(0), hundred(0))
	c.advance(2 * time.Hour)
	return s, c, cfg
}

// The least recently used objects go first, down to nine tenths of the limit.
func TestEvictionOrder(t *testing.T) {
	s, _, _ := filled(t)
	defer s.Close()
	put(t, s, action(10), hundred(10))
	for n := range 11 {
		if want := n != 1 && n != 2; exists(s, n) != want {
			t.Errorf("object %d exists: %v", n, !want)
		}
	}
	mustMiss(t, s, action(1))
	mustHit(t, s, action(0), hundred(0))
	if st := s.Stats(); st.Evictions != 2 || st.Bytes != 900 || st.Objects != 9 {
		t.Errorf("Stats = %+v", st)
	}
}

// The order of use survives the daemon.
func TestEvictionOrderAfterLoad(t *testing.T) {
	s, c, cfg := filled(t)
	s.Used(7, []object.Output{sha256.Sum256(hundred(1))})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.advance(3 * time.Hour)
	s = open(t, cfg)
	defer s.Close()
	put(t, s, action(10), hundred(10))
	for n := range 11 {
		// 0 was used a moment after it was put, which the index does not say.
		if want := n != 0 && n != 2; exists(s, n) != want {
			t.Errorf("object %d exists: %v", n, !want)
		}
	}
}

// Within the grace period nothing goes, whatever the limit.
func TestGrace(t *testing.T) {
	s, c, _ := filled(t)
	defer s.Close()
	for n := range 10 {
		mustHit(t, s, action(n), hundred(n))
	}
	c.advance(store.DefaultGrace)
	put(t, s, action(10), hundred(10))
	if st := s.Stats(); st.Objects != 11 || st.Condemned != 0 {
		t.Errorf("in the grace period: %+v", st)
	}
	c.advance(1)
	put(t, s, action(11), hundred(11))
	if st := s.Stats(); st.Objects != 9 {
		t.Errorf("after it: %+v", st)
	}
}

// What a running go command may have been told of stays until it has ended.
func TestLease(t *testing.T) {
	s, _, _ := filled(t)
	defer s.Close()
	before, _ := s.Attach()
	put(t, s, action(10), hundred(10))
	after, _ := s.Attach()
	if st := s.Stats(); st.Condemned != 2 || !exists(s, 1) || !exists(s, 2) {
		t.Fatalf("with a lease: %+v", st)
	}
	mustHit(t, s, action(1), hundred(1)) // asked for: alive again
	after.Close(true)
	if !exists(s, 1) || !exists(s, 2) {
		t.Error("deleted when a lease ended that did not know them")
	}
	before.Close(true)
	if !exists(s, 1) || exists(s, 2) {
		t.Errorf("after the lease: 1 exists: %v, 2 exists: %v", exists(s, 1), exists(s, 2))
	}
}

// A helper that vanished may have told others; so may a daemon that was killed.
func TestHold(t *testing.T) {
	s, c, cfg := filled(t)
	lease, _ := s.Attach()
	put(t, s, action(10), hundred(10))
	lease.Close(false)
	if !exists(s, 2) {
		t.Error("deleted at once after a client vanished")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	defer func() { s.Close() }()
	put(t, s, action(11), hundred(11))
	if !exists(s, 2) {
		t.Error("the next daemon did not know that it has to wait")
	}
	c.advance(store.DefaultGrace)
	put(t, s, action(12), hundred(12))
	if exists(s, 2) {
		t.Error("not deleted after the grace period")
	}
}

// A lease does not protect for ever: `go run server` may never end.
func TestOldLease(t *testing.T) {
	s, c, _ := filled(t)
	defer s.Close()
	lease, _ := s.Attach()
	defer lease.Close(true)
	put(t, s, action(10), hundred(10))
	c.advance(23 * time.Hour)
	put(t, s, action(11), hundred(11))
	if !exists(s, 2) {
		t.Fatal("deleted although there is a lease")
	}
	c.advance(2 * time.Hour)
	put(t, s, action(12), hundred(12))
	if exists(s, 2) {
		t.Error("a day-old lease still protects")
	}
}

func TestClean(t *testing.T) {
	s, _, cfg := filled(t)
	lease, _ := s.Attach()
	cleaned, err := s.Clean()
	if err != nil || cleaned.Objects != 0 || cleaned.Kept != 10 {
		t.Errorf("Clean with a lease = %+v, %v", cleaned, err)
	}
	mustMiss(t, s, action(1))
	lease.Close(true)
	if st := s.Stats(); st.Objects != 0 || st.Bytes != 0 {
		t.Errorf("after the lease: %+v", st)
	}
	put(t, s, action(1), hundred(1))
	cleaned, err = s.Clean()
	if want := (store.Cleaned{Objects: 1, Bytes: 100}); err != nil || cleaned != want {
		t.Errorf("Clean = %+v, %v, want %+v", cleaned, err, want)
	}
	s.Close()
	s = open(t, cfg)
	defer s.Close()
	mustMiss(t, s, action(1))
	files, _ := filepath.Glob(filepath.Join(s.Dir(), object.Dir, "*", "*"))
	if len(files) > 0 {
		t.Errorf("files were left behind: %v", files)
	}
}

// Many clients at once, a store that is much too small, and all of it under the
// race detector: every hit is whole for as long as the client holds its lease.
func TestConcurrent(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir(), Limit: 2000, Grace: 1}
	s := open(t, cfg)
	var clients sync.WaitGroup
	for client := range 8 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), 0))
			for range 10 {
				session(t, s, client, r)
			}
		})
	}
	clients.Wait()
	if st := s.Stats(); st.Connections != 0 || st.Evictions == 0 || st.Damaged != 0 || st.Bytes > 2000+400 {
		t.Errorf("Stats = %+v", st)
	}
	s.Close()
	s = open(t, cfg)
	defer s.Close()
	if d := s.Stats().Damaged; d != 0 {
		t.Errorf("%d actions without a good object", d)
	}
}

func session(t *testing.T, s *store.Store, client int, r *rand.Rand) {
	lease, _ := s.Attach()
	var told []object.Entry
	for i := range 30 {
		n := r.IntN(40)
		if e, ok := s.Get(action(n)); ok {
			told = append(told, e)
			continue
		}
		spool := filepath.Join(s.Dir(), store.SpoolDir, fmt.Sprintf("%d-%d-%d", client, n, i))
		body := content(n)
		if err := os.WriteFile(spool, body, 0o444); err != nil {
			t.Error(err)
		}
		e, err := s.Put(action(n), sha256.Sum256(body), int64(len(body)), spool)
		if err != nil {
			t.Error(err)
		}
		told = append(told, e)
		os.Remove(spool)
	}
	for _, e := range told {
		data, err := os.ReadFile(object.Path(s.Dir(), e.Output))
		if err != nil || sha256.Sum256(data) != e.Output {
			t.Errorf("under a lease: %v", err)
		}
	}
	lease.Close(true)
	if err := s.Publish(); err != nil {
		t.Error(err)
	}
}
