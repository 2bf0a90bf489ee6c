package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"github.com/daemonry/daemonry/examples/gocache/internal/view"
	"pgregory.net/rapid"
)

func TestPutGet(t *testing.T) {
	s := open(t, store.Config{Dir: filepath.Join(t.TempDir(), "new", "store")})
	defer s.Close()
	mustMiss(t, s, action(1))
	put(t, s, action(1), []byte("one"))
	put(t, s, action(2), nil)
	put(t, s, action(3), []byte("one"))
	mustHit(t, s, action(1), []byte("one"))
	mustHit(t, s, action(2), nil)
	put(t, s, action(1), []byte("another"))
	mustHit(t, s, action(1), []byte("another"))
	mustHit(t, s, action(3), []byte("one"))
	if st := s.Stats(); st.Objects != 3 || st.Actions != 3 || st.Bytes != 10 || st.Hits != 4 || st.Misses != 1 || st.Puts != 4 {
		t.Errorf("Stats = %+v", st)
	}
}

// A put whose body is not what it says is refused, and is not found.
func TestPutRefuses(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	defer s.Close()
	spool := filepath.Join(s.Dir(), store.SpoolDir, "x")
	if err := os.WriteFile(spool, []byte("body"), 0o444); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]struct {
		output object.Output
		size   int64
		path   string
	}{
		"another hash": {sha256.Sum256([]byte("BODY")), 4, spool},
		"another size": {sha256.Sum256([]byte("body")), 5, spool},
		"no file":      {sha256.Sum256([]byte("body")), 4, spool + "y"},
		"a directory":  {sha256.Sum256([]byte("body")), 4, s.Dir()},
	} {
		_, err := s.Put(action(1), put.output, put.size, put.path)
		if _, damaged := errors.AsType[*object.DamagedError](err); !damaged && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		mustMiss(t, s, action(1))
	}
}

// The same put again, because the answer was lost, is confirmed again.
func TestPutTwice(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	defer s.Close()
	put(t, s, action(1), []byte("body"))
	os.Remove(filepath.Join(s.Dir(), store.SpoolDir, "test")) // as if it had been moved
	if _, err := s.Put(action(1), sha256.Sum256([]byte("body")), 4, "/nonexistent"); err != nil {
		t.Error(err)
	}
	mustHit(t, s, action(1), []byte("body"))
}

// model is a store and what it may answer.
type model struct {
	dir     string
	clock   *clock
	store   *store.Store
	puts    map[object.Action][][]byte // all that was ever put, the last one last
	damaged bool                       // since then a miss is no mistake
}

func (m *model) open(t *rapid.T) {
	m.store = open(t, store.Config{Dir: m.dir, Now: m.clock.Now})
}

func (m *model) put(t *rapid.T) {
	a, body := action(rapid.IntRange(0, 9).Draw(t, "action")), content(rapid.IntRange(0, 9).Draw(t, "content"))
	put(t, m.store, a, body)
	m.puts[a] = append(m.puts[a], body)
}

// get accepts the last put; after damage any of them, or none.
func (m *model) get(t *rapid.T) {
	a := action(rapid.IntRange(0, 9).Draw(t, "action"))
	e, ok := m.store.Get(a)
	bodies := m.puts[a]
	if !ok {
		if len(bodies) > 0 && !m.damaged {
			t.Fatalf("a miss, but it was put")
		}
		return
	}
	check(t, m.store, e)
	if !m.damaged {
		bodies = bodies[len(bodies)-1:]
	}
	for _, body := range bodies {
		if e.Output == sha256.Sum256(body) {
			return
		}
	}
	t.Fatalf("an output that was never put under this action")
}

func (m *model) reopen(t *rapid.T) {
	if err := m.store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	m.open(t)
}

// harm changes a file of the closed store: what a crash of the machine, a bad
// disk, or a person does.
func (m *model) harm(t *rapid.T) {
	if err := m.store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	m.harmFile(t)
	m.open(t)
}

// harmOpen changes an object while the store is open.
func (m *model) harmOpen(t *rapid.T) {
	m.harmFile(t, "index")
}

func (m *model) harmFile(t *rapid.T, except ...string) {
	m.damaged = true
	files, _ := filepath.Glob(filepath.Join(m.dir, object.Dir, "*", "*"))
	files = append(files, filepath.Join(m.dir, "index"))
	file := rapid.SampledFrom(files).Draw(t, "file")
	if len(except) > 0 && filepath.Base(file) == except[0] {
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v", err)
	}
	os.Remove(file)
	switch rapid.SampledFrom([]string{"remove", "truncate", "flip", "append", "same length"}).Draw(t, "harm") {
	case "remove":
		return
	case "truncate":
		data = data[:rapid.IntRange(0, len(data)).Draw(t, "length")]
	case "flip":
		if len(data) > 0 {
			data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
	case "append":
		data = append(data, "more"...)
	case "same length":
		data = bytes.Repeat([]byte{0}, len(data))
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
}

// Whatever happens to the files, a damaged object is never served; as long as
// nothing happens to them, nothing is lost.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "gocache")
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer os.RemoveAll(dir)
		m := &model{dir: dir, clock: newClock(), puts: map[object.Action][][]byte{}}
		m.open(t)
		defer func() { m.store.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"put":      m.put,
			"get":      m.get,
			"get more": m.get,
			"reopen":   m.reopen,
			"harm":     m.harm,
			"harmOpen": m.harmOpen,
			"advance":  func(*rapid.T) { m.clock.advance(25 * time.Minute) },
			"publish": func(t *rapid.T) {
				if err := m.store.Publish(); err != nil {
					t.Fatalf("Publish: %v", err)
				}
			},
		})
	})
}

// An index that ends anywhere is the index as it was at some earlier moment.
func TestIndexPrefix(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	index := filepath.Join(dir, "index")
	type moment struct {
		size int64
		puts map[object.Action]object.Output
	}
	var history []moment
	puts := map[object.Action]object.Output{}
	for n := range 6 {
		history = append(history, moment{size(t, index), maps.Clone(puts)})
		e := put(t, s, action(n%4), content(n))
		puts[action(n%4)] = e.Output
	}
	s.Close()
	whole, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for n := history[0].size; n < int64(len(whole)); n += 7 {
		if err := os.WriteFile(index, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		want := puts
		for _, h := range history {
			if h.size <= n {
				want = h.puts
			}
		}
		if n >= history[len(history)-1].size+88 {
			want = puts
		}
		s := open(t, store.Config{Dir: dir})
		for i := range 4 {
			e, ok := s.Get(action(i))
			if output, put := want[action(i)]; ok != put || e.Output != output {
				t.Fatalf("index of %d bytes: Get(%d) = %v, %v, want %v", n, i, e.Output, ok, output)
			}
		}
		s.Close()
	}
}

// A record with any byte changed counts for nothing.
func TestIndexFlipped(t *testing.T) {
	dir := t.TempDir()
	s := open(t, store.Config{Dir: dir})
	index := filepath.Join(dir, "index")
	start := size(t, index)
	want := put(t, s, action(1), content(1))
	end := size(t, index)
	s.Close()
	whole, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	for at := start; at < end; at++ {
		changed := bytes.Clone(whole)
		changed[at] ^= 4
		if err := os.WriteFile(index, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, store.Config{Dir: dir})
		if e, ok := s.Get(action(1)); ok {
			t.Errorf("byte %d changed: Get = %+v, the record was %+v", at-start, e, want)
		}
		if s.Stats().Damaged == 0 {
			t.Errorf("byte %d changed: nobody noticed", at-start)
		}
		s.Close()
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// What `go build -o x.a` does: it moves the object's file away.
func TestMovedAway(t *testing.T) {
	s := open(t, store.Config{Dir: t.TempDir()})
	defer s.Close()
	e := put(t, s, action(1), []byte("archive"))
	if err := os.Rename(object.Path(s.Dir(), e.Output), filepath.Join(t.TempDir(), "x.a")); err != nil {
		t.Fatal(err)
	}
	mustMiss(t, s, action(1))
	put(t, s, action(1), []byte("archive"))
	mustHit(t, s, action(1), []byte("archive"))
}

// A view offers exactly what is verified, and is not offered once it is
// outdated by an eviction.
func TestView(t *testing.T) {
	clock := newClock()
	cfg := store.Config{Dir: t.TempDir(), Now: clock.Now, Limit: 1000}
	s := open(t, cfg)
	for n := range 20 {
		put(t, s, action(n), bytes.Repeat([]byte{byte(n)}, 45))
	}
	v := attachView(t, s)
	for n := range 20 {
		item, ok := v.Lookup(action(n))
		if stamp, err := object.StampOf(object.Path(s.Dir(), item.Entry.Output)); !ok || err != nil || stamp != item.Stamp {
			t.Fatalf("Lookup(%d) = %+v, %v", n, item, ok)
		}
	}
	clock.advance(2 * store.DefaultGrace)
	running, _ := s.Attach()
	put(t, s, action(100), bytes.Repeat([]byte{1}, 500)) // condemns, among others
	mustHit(t, s, action(0), bytes.Repeat([]byte{0}, 45))
	running.Close(true)
	if !has(s, 0) || has(s, 1) {
		t.Fatalf("0 is there: %v, 1 is there: %v", has(s, 0), has(s, 1))
	}
	if lease, path := s.Attach(); path != "" {
		t.Errorf("after an eviction the old view is offered: %s", path)
	} else {
		lease.Close(true)
	}
	v = attachView(t, s)
	for n := range 20 {
		if _, ok := v.Lookup(action(n)); ok != (s.Stats().Condemned == 0 && has(s, n)) {
			t.Errorf("Lookup(%d) = %v, in the store: %v", n, ok, has(s, n))
		}
	}
	s.Close()

	s = open(t, cfg) // nothing is verified yet
	defer s.Close()
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	lease, path := s.Attach()
	defer lease.Close(true)
	if path != "" {
		t.Errorf("after a load there is a view: %s", path)
	}
	if files, _ := filepath.Glob(filepath.Join(s.Dir(), "view-*")); len(files) > 0 {
		t.Errorf("views were left behind: %s", strings.Join(files, " "))
	}
}

func attachView(t *testing.T, s *store.Store) *view.View {
	t.Helper()
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	lease, path := s.Attach()
	defer lease.Close(true)
	v, err := view.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// has looks for the file of TestView's n-th object, so as not to touch it.
func has(s *store.Store, n int) bool {
	_, err := object.StampOf(object.Path(s.Dir(), sha256.Sum256(bytes.Repeat([]byte{byte(n)}, 45))))
	return err == nil
}

// One process at a time: the second waits for the first, or for its caller's
// patience.
func TestLocked(t *testing.T) {
	dir := t.TempDir()
	first := open(t, store.Config{Dir: dir})
	ctx, cancel := context.WithCancel(context.Background())
	waiting := func(message string) {
		if strings.HasPrefix(message, "waiting") {
			cancel()
		}
	}
	if _, err := store.Open(ctx, store.Config{Dir: dir, Progress: waiting}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, want it to have waited", err)
	}
	second := store.Config{Dir: dir, Progress: func(message string) {
		if strings.HasPrefix(message, "waiting") {
			first.Close()
		}
	}}
	s := open(t, second)
	defer s.Close()
	put(t, s, action(1), []byte("x"))
}
