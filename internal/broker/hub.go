package broker

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/daemonry/daemonry/internal/journal"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// hub hands events to whoever watches, and to the file that keeps them. A
// watcher that does not keep up is dropped: the broker never waits for one.
type hub struct {
	mu       sync.Mutex // guards watchers; taken under unit.mu, takes nothing
	watchers map[*watcher]bool
}

// eventsName is the file of kept events in the state directory, one JSON object
// a line.
const eventsName = "events.jsonl"

// keepEvents writes every event to the file at path until ctx ends and all that
// was sent before is written. It is a watcher like others, so that a slow disk
// holds up nobody.
func (h *hub) keepEvents(ctx context.Context, path string, log *slog.Logger) {
	file, err := journal.OpenEvents(path)
	if err != nil {
		log.Error("events are not kept", "error", err)
		return
	}
	defer file.Close()
	for {
		w := h.add()
		err := w.each(ctx, func(e *daemonryv1.Event) error { return appendEvent(file, e) })
		h.remove(w)
		switch {
		case errors.Is(err, errBehind):
			log.Warn("some events were not kept: there were too many at once")
		case err != nil:
			log.Error("events are not kept", "error", err)
			return
		default:
			return
		}
	}
}

func appendEvent(file *journal.Events, e *daemonryv1.Event) error {
	line, err := protojson.Marshal(e)
	if err != nil {
		return err
	}
	return file.Append(line)
}

// pastEvents returns the last n kept events of a service, "" meaning all.
func pastEvents(path string, n int, name string) ([]*daemonryv1.Event, error) {
	var events []*daemonryv1.Event
	lines, err := journal.LastEvents(path, n, func(line []byte) bool {
		e := new(daemonryv1.Event)
		return protojson.Unmarshal(line, e) == nil && concerns(e, name)
	})
	for _, line := range lines {
		e := new(daemonryv1.Event)
		if protojson.Unmarshal(line, e) == nil {
			events = append(events, e)
		}
	}
	return events, err
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

// each calls f with every event until ctx ends, and then with those that are
// there already.
func (w *watcher) each(ctx context.Context, f func(*daemonryv1.Event) error) error {
	for {
		e, err := w.next(ctx)
		if ctx.Err() != nil && err != nil {
			return w.rest(f)
		}
		if err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

func (w *watcher) rest(f func(*daemonryv1.Event) error) error {
	for {
		select {
		case e := <-w.events:
			if err := f(e); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}
