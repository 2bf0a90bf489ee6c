package broker

import (
	"context"
	"errors"
	"sync"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// hub hands events to whoever watches. A watcher that does not keep up is
// dropped: the broker never waits for one.
type hub struct {
	mu       sync.Mutex // guards watchers; taken under unit.mu, takes nothing
	watchers map[*watcher]bool
}

const watcherBuffer = 1024

type watcher struct {
	events chan *daemonryv1.Event
	behind chan struct{} // closed when it was dropped
}

var errBehind = errors.New("the watcher did not keep up with the events")

func (h *hub) init() { h.watchers = map[*watcher]bool{} }

func (h *hub) add() *watcher {
	w := &watcher{events: make(chan *daemonryv1.Event, watcherBuffer), behind: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watchers[w] = true
	return w
}

func (h *hub) remove(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

func (h *hub) send(e *daemonryv1.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		select {
		case w.events <- e:
		default:
			delete(h.watchers, w)
			close(w.behind)
		}
	}
}

// next returns the next event.
func (w *watcher) next(ctx context.Context) (*daemonryv1.Event, error) {
	select {
	case e := <-w.events:
		return e, nil
	case <-w.behind:
		return nil, errBehind
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
