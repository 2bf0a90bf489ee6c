package helper

import (
	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// used collects the hits that the view gave, for the daemon to hear of.
type used struct {
	hits    int
	outputs []object.Output
	seen    map[object.Output]struct{}
}

// add reports whether it is time to take.
func (u *used) add(o object.Output) bool {
	u.hits++
	if _, ok := u.seen[o]; !ok {
		if u.seen == nil {
			u.seen = make(map[object.Output]struct{}, 1024)
		}
		u.seen[o] = struct{}{}
		u.outputs = append(u.outputs, o)
	}
	return len(u.outputs) == wire.MaxUsed
}

// take appends a frame with what was collected, and forgets it.
func (u *used) take(b []byte) []byte {
	if u.hits == 0 {
		return b
	}
	b = wire.AppendUsed(b, u.hits, u.outputs)
	u.hits, u.outputs = 0, u.outputs[:0]
	clear(u.seen)
	return b
}
