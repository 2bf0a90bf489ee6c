package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/daemonry/daemonry/internal/lifecycle"
)

// arrivals tells when a path in the broker's private directory appears. It
// watches from the first time that somebody wants to know; its zero value is
// ready for use.
type arrivals struct {
	mu      sync.Mutex // guards what follows; taken under unit.mu, takes nothing
	watcher *fsnotify.Watcher
	waiting map[string]chan struct{}
}

// await returns what is told when path appears, until stop is called.
func (a *arrivals) await(b *Broker, path string) (arrived <-chan struct{}, stop func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.beginLocked(b); err != nil {
		return nil, func() {}, err
	}
	c := make(chan struct{}, 1)
	a.waiting[path] = c
	return c, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, path)
	}, nil
}

func (a *arrivals) beginLocked(b *Broker) error {
	if a.watcher != nil {
		return nil
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(b.dirs.Private("")); err != nil {
			w.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("cannot watch %s: %w", b.dirs.Private(""), err)
	}
	a.watcher, a.waiting = w, map[string]chan struct{}{}
	b.spawnGoroutine(func() { a.tell(b) })
	return nil
}

func (a *arrivals) tell(b *Broker) {
	defer a.watcher.Close()
	for {
		select {
		case <-b.ctx.Done():
			return
		case event := <-a.watcher.Events:
			if event.Has(fsnotify.Create) {
				a.ring(event.Name)
			}
		case <-a.watcher.Errors: // an overflow: it may be any
			a.ring("")
		}
	}
}

// ring tells whoever waits for path; "": everybody.
func (a *arrivals) ring(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for waiting, c := range a.waiting {
		if path != "" && path != waiting {
			continue
		}
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// The pauses between bind, which gives an event, and listen, which gives none:
// most daemons call one after the other.
const (
	firstListenLook = 200 * time.Microsecond
	lastListenLook  = 20 * time.Millisecond
)

// awaitBound waits until a generation's socket listens and makes it the endpoint.
// The bind budget is the machine's.
func (u *unit) awaitBound(p *running) {
	arrived, stop, err := u.b.arrivals.await(u.b, p.bind.path)
	defer stop()
	if err != nil {
		u.b.log.Warn("looking again and again for what a daemon binds", "service", u.name.String(), "error", err)
	}
	blind := err != nil
	for pause := firstListenLook; ; pause = min(2*pause, lastListenLook) {
		over, soon := u.lookAtBind(p)
		if over {
			return
		}
		var timer *time.Timer
		var due <-chan time.Time
		if soon || blind {
			timer = time.NewTimer(pause)
			due = timer.C
		}
		ends := false
		select {
		case <-p.stop:
			ends = true
		case <-u.b.ctx.Done():
			ends = true
		case <-arrived:
		case <-p.bind.said:
		case <-due:
		}
		if timer != nil {
			timer.Stop()
		}
		if ends {
			return
		}
	}
}

// lookAtBind looks once. soon: the path is there, and any moment it may listen.
func (u *unit) lookAtBind(p *running) (over, soon bool) {
	if _, err := os.Lstat(p.bind.path); errors.Is(err, fs.ErrNotExist) {
		u.mu.Lock()
		defer u.mu.Unlock()
		return !u.bindingLocked(p), false
	}
	hear(p) // who says when it has bound said so before the path was there
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.bindingLocked(p) {
		return true, false
	}
	if p.bind.speaks {
		return false, false
	}
	switch err := u.tryBindLocked(p); {
	case err == nil:
		u.boundLocked(p)
		return true, false
	case isNotYet(err):
		return false, true
	default:
		u.bindFailedLocked(p, err.Error())
		return true, false
	}
}

func isNotYet(err error) bool {
	var not *notYetError
	return errors.As(err, &not)
}

// bindFailedLocked has a generation replaced that will not have its endpoint.
func (u *unit) bindFailedLocked(p *running, message string) {
	f := lifecycle.Failure{Kind: "other", Message: message, Output: u.outputOf(p)}
	u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		return m.BindFailed(now, p.generation, f)
	})
}
