package store_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"go.uber.org/goleak"
)

// putterVariable makes the test binary a process that puts until it is killed.
const putterVariable = "GOCACHE_TEST_PUTTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(putterVariable); dir != "" {
		putForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

// fataler is what *testing.T and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// clock is a store's time, which only moves when told to.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.now.Load()) }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d)) }

func open(t fataler, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func action(n int) object.Action {
	var a object.Action
	binary.BigEndian.PutUint32(a[:], uint32(n)*2654435761)
	binary.BigEndian.PutUint32(a[28:], uint32(n))
	return a
}

// content is n's bytes, between 0 and about 3000 of them.
func content(n int) []byte {
	b := make([]byte, 0, 3000)
	for i := range n % 300 {
		b = fmt.Appendf(b, "%d/%d,", n, i)
	}
	return b
}

func put(t fataler, s *store.Store, a object.Action, body []byte) object.Entry {
	t.Helper()
	spool := filepath.Join(s.Dir(), store.SpoolDir, "test")
	os.Remove(spool)
	if err := os.WriteFile(spool, body, 0o444); err != nil {
		t.Fatalf("%v", err)
	}
	entry, err := s.Put(a, sha256.Sum256(body), int64(len(body)), spool)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	return entry
}

// check fails if the entry's file is not what the entry says, byte for byte.
func check(t fataler, s *store.Store, e object.Entry) {
	t.Helper()
	data, err := os.ReadFile(object.Path(s.Dir(), e.Output))
	if err != nil {
		t.Fatalf("a hit without a file: %v", err)
	}
	if sha256.Sum256(data) != e.Output || int64(len(data)) != e.Size {
		t.Fatalf("a damaged object was served: %d bytes of %d", len(data), e.Size)
	}
}

func mustHit(t fataler, s *store.Store, a object.Action, body []byte) {
	t.Helper()
	e, ok := s.Get(a)
	if !ok || e.Output != sha256.Sum256(body) {
		t.Fatalf("Get = %+v, %v, want the output that was put", e, ok)
	}
	check(t, s, e)
}

func mustMiss(t fataler, s *store.Store, a object.Action) {
	t.Helper()
	if e, ok := s.Get(a); ok {
		t.Fatalf("Get = %+v, want a miss", e)
	}
}

func putForEver(dir string) {
	s, err := store.Open(context.Background(), store.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	first, _ := strconv.Atoi(os.Getenv(putterVariable + "_FIRST"))
	for n := first; ; n++ {
		spool := filepath.Join(dir, store.SpoolDir, strconv.Itoa(n))
		body := content(n)
		os.WriteFile(spool, body, 0o444)
		if _, err := s.Put(action(n), sha256.Sum256(body), int64(len(body)), spool); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// A daemon that is killed at any moment loses nothing that it has confirmed, and
// its successor serves nothing that is not whole.
func TestKilled(t *testing.T) {
	dir, first := t.TempDir(), 0
	for round := range 8 {
		last := killAfter(t, dir, first, 20+37*round)
		s := open(t, store.Config{Dir: dir})
		for n := range last + 1 {
			mustHit(t, s, action(n), content(n))
		}
		if e, ok := s.Get(action(last + 1)); ok { // done, but not confirmed
			check(t, s, e)
		}
		if damaged := s.Stats().Damaged; damaged != 0 {
			t.Errorf("round %d: %d objects or records were damaged", round, damaged)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		first = last + 1
	}
}

// killAfter kills a process that puts once it has confirmed so many, and returns
// the last that it confirmed.
func killAfter(t *testing.T, dir string, first, count int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), putterVariable+"="+dir, putterVariable+"_FIRST="+strconv.Itoa(first))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	lines, last := bufio.NewScanner(out), first-1
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(lines.Text())
		}
		if last = n; n == first+count {
			cmd.Process.Kill()
		}
	}
	io.Copy(io.Discard, out)
	return last
}
