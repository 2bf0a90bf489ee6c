package helper

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/view"
)

// BenchmarkHit is what a hit costs the helper, without the pipes.
func BenchmarkHit(b *testing.B) {
	dir := b.TempDir()
	var items []view.Item
	var lines [][]byte
	for n := range 1000 {
		item := view.Item{Action: sha256.Sum256([]byte{byte(n), byte(n >> 8)})}
		item.Entry.Output = sha256.Sum256([]byte{byte(n), byte(n >> 8), 1})
		path := object.Path(dir, item.Entry.Output)
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte("body"), 0o444); err != nil {
			b.Fatal(err)
		}
		item.Stamp, _ = object.StampOf(path)
		item.Entry.Size = item.Stamp.Size
		items = append(items, item)
		line, _ := json.Marshal(cacheprog.Request{ID: int64(n), Command: cacheprog.Get, ActionID: item.Action[:]})
		lines = append(lines, append(line, "\n\n"...))
	}
	if err := view.Write(filepath.Join(dir, "view"), items); err != nil {
		b.Fatal(err)
	}
	v, err := view.Open(filepath.Join(dir, "view"))
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	h := &helper{out: output{w: io.Discard}}
	h.session.Store(&session{dir: dir, view: v})
	next := 0
	h.in = cacheprog.NewReader(&flusher{flush: h.flush, r: readerFunc(func(p []byte) (int, error) {
		next++
		return copy(p, lines[next%len(lines)]), nil
	})})
	b.ReportAllocs()
	for b.Loop() {
		req, err := h.in.Next()
		if err != nil {
			b.Fatal(err)
		}
		h.get(req)
	}
	if h.used.hits == 0 {
		b.Fatal("no hits")
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
