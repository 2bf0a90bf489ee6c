package view_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/view"
	"pgregory.net/rapid"
)

func randomItem(r *rand.Rand) view.Item {
	var item view.Item
	for i := 0; i < 32; i += 8 {
		binary.LittleEndian.PutUint64(item.Action[i:], r.Uint64())
		binary.LittleEndian.PutUint64(item.Entry.Output[i:], r.Uint64())
	}
	size := r.Int64N(1 << 40)
	item.Entry.Size, item.Entry.Time = size, time.Unix(0, r.Int64())
	item.Stamp = object.Stamp{Size: size, ModTime: r.Int64(), Inode: r.Uint64()}
	return item
}

// What was written is found, in tables of every size, and nothing else is.
func TestLookup(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		items := make([]view.Item, rapid.IntRange(0, 300).Draw(t, "items"))
		for i := range items {
			items[i] = randomItem(r)
		}
		path := filepath.Join(dir, "view")
		if err := view.Write(path, items); err != nil {
			t.Fatal(err)
		}
		v, err := view.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if v.Len() != len(items) {
			t.Fatalf("%d items, want %d", v.Len(), len(items))
		}
		for _, want := range items {
			if got, ok := v.Lookup(want.Action); !ok || got != want {
				t.Fatalf("Lookup = %+v, %v, want %+v", got, ok, want)
			}
		}
		if got, ok := v.Lookup(randomItem(r).Action); ok {
			t.Fatalf("an action that was never written gave %+v", got)
		}
	})
}

// A file that is not a whole view is refused, whatever its bytes are.
func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "view")
	r := rand.New(rand.NewPCG(1, 2))
	if err := view.Write(path, []view.Item{randomItem(r), randomItem(r)}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		refuse(t, path, whole[:n])
	}
	refuse(t, path, append(whole, 0))
	refuse(t, path, append([]byte{'x'}, whole[1:]...))
}

func refuse(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := view.Open(path)
	if _, ok := errors.AsType[*view.FormatError](err); !ok {
		t.Errorf("Open of %d bytes = %v, %v", len(data), v, err)
	}
}

// A table with positions that make no sense finds nothing and does not panic.
func FuzzLookup(f *testing.F) {
	path := filepath.Join(f.TempDir(), "view")
	r := rand.New(rand.NewPCG(3, 4))
	items := []view.Item{randomItem(r), randomItem(r), randomItem(r), randomItem(r), randomItem(r), randomItem(r)}
	if err := view.Write(path, items); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "view")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := view.Open(path)
		if err != nil {
			return
		}
		defer v.Close()
		for _, item := range items {
			v.Lookup(item.Action)
		}
	})
}
