package broker

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"

	"github.com/daemonry/daemonry/internal/definition"
)

// watchSurroundings begins to watch what others may change: definitions, the
// endpoints' directory, the seat, the session.
func (b *Broker) watchSurroundings() {
	b.spawnGoroutine(func() {
		if err := definition.Watch(b.ctx, b.sources, b.reload); err != nil && b.ctx.Err() == nil {
			b.log.Error("definitions are not watched any more", "error", err)
		}
	})
	if err := b.watchEndpoints(); err != nil {
		b.log.Error("endpoints are not watched", "error", err)
	}
	err := b.seat.guard(b.ctx, b.spawnGoroutine, func(err error) {
		b.log.Error("the broker gives way", "error", err)
		b.end()
	})
	if err != nil {
		b.log.Error("the broker's lock and socket are not watched", "error", err)
	}
	b.watchSession()
}

// watchEndpoints puts back endpoint paths that somebody removes.
func (b *Broker) watchEndpoints() error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch %s: %w", b.dirs.Runtime, err)
	}
	if err := w.Add(b.dirs.Runtime); err != nil {
		w.Close()
		return fmt.Errorf("cannot watch %s: %w", b.dirs.Runtime, err)
	}
	b.spawnGoroutine(func() {
		defer w.Close()
		for {
			select {
			case <-b.ctx.Done():
				return
			case event := <-w.Events:
				if event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename) {
					b.endpointRemoved(event.Name)
				}
			case err := <-w.Errors: // an overflow: look at all
				b.log.Warn("watching endpoints", "error", err)
				b.endpointRemoved("")
			}
		}
	})
	return nil
}

// endpointRemoved mends the unit whose path it was; "": any.
func (b *Broker) endpointRemoved(path string) {
	for _, u := range b.sortedUnits() {
		if path == "" || u.path == path {
			u.mend()
		}
	}
}

// watchSession ends everything when the `daemonry session` that this broker
// belongs to is gone: it holds a lock on the session file as long as it lives.
func (b *Broker) watchSession() {
	f, err := os.Open(b.dirs.Session())
	if err != nil {
		return // no session's broker
	}
	go func() { // not waited for: nothing but the lock ends it
		defer f.Close()
		if err := waitForLock(f); err != nil || b.ctx.Err() != nil {
			return
		}
		b.log.Info("the session is gone")
		b.sessionOver.Store(true)
		_, _ = b.Shutdown(b.ctx, true)
	}()
}

// cleanSession removes a session's directories after the session itself could
// not.
func (b *Broker) cleanSession() {
	if !b.sessionOver.Load() {
		return
	}
	root, err := os.ReadFile(b.dirs.Session())
	if err != nil || !within(b.dirs.Runtime, string(root)) {
		return
	}
	os.RemoveAll(string(root))
}

// within reports whether path lies below root, both absolute and clean.
func within(path, root string) bool {
	if !filepath.IsAbs(root) || filepath.Clean(root) != root || root == "/" {
		return false
	}
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}
