package helper

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// firstPause is the pause after the second failure in a row; it doubles. After
// the first there is none: a daemon that was killed has a successor already.
const firstPause = 50 * time.Millisecond

// keep has a connection for as long as there are questions: it dials, sends what
// is pending, takes the answers, and starts over when the connection is lost.
func (h *helper) keep(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		s, err := open(ctx, h.cfg)
		if err == nil {
			var answered bool
			if answered, err = h.serve(ctx, s); answered {
				failures = 0
			}
			if !h.waiting(ctx) {
				continue
			}
		}
		if failures++; failures >= h.cfg.Attempts || errors.Is(err, errVersion) || h.cfg.Hopeless(err) {
			h.goOnAlone(err)
			return
		}
		pause(ctx, failures)
	}
	h.goOnAlone(context.Cause(ctx))
}

// pause is interrupted by the end of ctx.
func pause(ctx context.Context, failures int) {
	if failures < 2 {
		return
	}
	timer := time.NewTimer(firstPause << min(failures-2, 6))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// waiting reports whether questions were pending when the connection was lost. If
// there were none it first waits for one.
func (h *helper) waiting(ctx context.Context) bool {
	h.mu.Lock()
	n := len(h.pending)
	h.mu.Unlock()
	if n > 0 {
		return true
	}
	select {
	case <-h.wake:
	case <-ctx.Done():
	}
	return false
}

// serve uses the connection until it is lost, and reports whether anything was
// answered, and why it was lost.
func (h *helper) serve(ctx context.Context, s *session) (answered bool, err error) {
	defer context.AfterFunc(ctx, func() { s.conn.Close() })()
	h.use(s)
	defer h.lose(s)
	for {
		f, err := s.frames.Read()
		if err != nil {
			return answered, err
		}
		answered = true
		if h.take(s, f) {
			h.out.flush() // if cmd/go is gone, so will be In
		}
	}
}

// use makes s the connection, and sends again what was not answered.
func (h *helper) use(s *session) {
	h.mu.Lock()
	for _, q := range h.inOrderLocked() {
		s.queue(q.append)
	}
	s.expect(0) // greet's
	if len(h.pending) > 0 {
		s.expect(h.cfg.Patience)
	}
	h.session.Store(s)
	h.mu.Unlock()
	s.flush()
	h.settle()
}

func (h *helper) lose(s *session) {
	h.mu.Lock()
	h.session.Store(nil)
	h.mu.Unlock()
	s.conn.Close()
	close(s.ended)
}

// settle lets Run begin. It is called by the keeping goroutine only.
func (h *helper) settle() {
	select {
	case <-h.settled:
	default:
		close(h.settled)
	}
}

func (h *helper) inOrderLocked() []question {
	return slices.SortedFunc(maps.Values(h.pending), func(a, b question) int { return cmp.Compare(a.id, b.id) })
}

// take hands an answer to cmd/go. It reports false for what is no answer.
func (h *helper) take(s *session, f wire.Frame) bool {
	if f.Kind == wire.KindBye {
		select {
		case h.bye <- struct{}{}:
		default:
		}
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	q, ok := h.pending[f.ID]
	if !ok {
		return false
	}
	delete(h.pending, f.ID)
	if len(h.pending) > 0 {
		s.expect(h.cfg.Patience)
	} else {
		s.expect(0)
	}
	hit, err := wire.ParseHit(f)
	switch {
	case err == nil:
		h.answerHitLocked(q, hit)
	case q.isPut():
		h.refusedLocked(q, string(f.Payload))
	default:
		h.out.respond(cacheprog.Response{ID: q.id, Miss: true})
	}
	return true
}

func (h *helper) answerHitLocked(q question, hit wire.Hit) {
	if q.isPut() {
		os.Remove(q.put.Path)
		h.own[q.put.Action] = hit
	}
	h.out.respond(response(q.id, hit))
}

// refusedLocked answers a put that the daemon could not keep: the build goes on
// with the helper's copy.
func (h *helper) refusedLocked(q question, why string) {
	if !h.grumbled {
		h.grumbled = true
		h.tell("an object was not kept", errors.New(why))
	}
	h.answerAloneLocked(q)
}

// answerAloneLocked answers without a daemon.
func (h *helper) answerAloneLocked(q question) {
	if q.isPut() {
		h.own[q.put.Action] = wire.Hit{
			Entry: object.Entry{Output: q.put.Output, Size: q.put.Size, Time: time.Now()},
			Path:  q.put.Path,
		}
	}
	if hit, ok := h.own[q.put.Action]; ok {
		h.out.respond(response(q.id, hit))
		return
	}
	h.out.respond(cacheprog.Response{ID: q.id, Miss: true})
}

// goOnAlone gives the daemon up for the rest of this go command.
func (h *helper) goOnAlone(err error) {
	h.mu.Lock()
	h.alone = true
	pending := h.inOrderLocked()
	clear(h.pending)
	for _, q := range pending {
		h.answerAloneLocked(q)
	}
	h.mu.Unlock()
	if !errors.Is(err, context.Canceled) {
		h.tell("building without the cache", err)
	}
	h.out.flush()
	h.settle()
}
