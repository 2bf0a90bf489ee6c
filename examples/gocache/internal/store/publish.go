package store

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/view"
)

// Publish makes a new view if the current one lacks enough to be worth it: a
// sixty-fourth of the store, and at least sixteen. What a view lacks costs a
// client one question. It is called when a client has ended, for that is when
// there is time.
func (s *Store) Publish() error {
	s.publishing.Lock()
	defer s.publishing.Unlock()
	items, epoch, ok := s.viewItems()
	if !ok {
		return nil
	}
	path := filepath.Join(s.cfg.Dir, fmt.Sprintf("view-%d-%d", os.Getpid(), s.viewCount))
	s.viewCount++
	if err := view.Write(path, items); err != nil {
		return fmt.Errorf("cannot write a view: %w", err)
	}
	s.mu.Lock()
	old := s.view
	s.view, s.viewEpoch = path, epoch
	s.mu.Unlock()
	if old != "" {
		os.Remove(old)
	}
	return nil
}

// viewItems returns the rows of a new view, and the epoch they are of; false if
// none is needed. On the way it forgets the actions of deleted objects, and
// compacts the index if most of it is history.
func (s *Store) viewItems() ([]view.Item, uint64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news < max(16, len(s.actions)/64) && s.viewEpoch == s.epoch {
		return nil, 0, false
	}
	s.news = 0
	items := make([]view.Item, 0, len(s.actions))
	for action, from := range s.actions {
		it := s.objects[from.output]
		switch {
		case it == nil:
			delete(s.actions, action)
		case it.verified && it.condemned == 0:
			entry := object.Entry{Output: it.output, Size: it.size, Time: time.Unix(0, from.time)}
			items = append(items, view.Item{Action: action, Entry: entry, Stamp: it.stamp})
		}
	}
	if s.index.records() > 4*(len(s.actions)+len(s.objects))+4096 {
		s.compactLocked() // if it fails the old one is still good
	}
	return items, s.epoch, true
}
