package backend

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// byHand is a daemon that was started without a broker. It binds under the
// broker lock, for only so may it clear a dead socket out of the way, and writes the
// record that a broker would have written: a broker that comes later finds it.
type byHand struct {
	e          Endpoint
	dirs       endpoint.Dirs // only Runtime is set
	key        string
	generation uint64
	lock       *record.Lock
	socket     os.FileInfo // ours; nil for TCP
	notified   bool        // somebody else listens to our notifications
	hideOnce   sync.Once
}

func bindByHand(e Endpoint, env environment, bind func(Endpoint) (net.Listener, error)) (*binding, error) {
	h, err := newByHand(e)
	if err != nil {
		return nil, err
	}
	h.notified = env.notify != ""
	broker, err := h.clear()
	if err != nil {
		return nil, withHolder(asBindError(e, err))
	}
	defer broker.Close() // nil if a broker has it
	l, took, err := bindWithin(e, DefaultBindBudget, bind)
	if err != nil {
		return nil, err
	}
	if err := h.write(l, took); err != nil {
		h.hideLocked()
		l.Close()
		return nil, recordError(e, err)
	}
	if own, ok := l.(*listener); ok {
		own.unpublish = h.hide
	}
	return &binding{
		listeners:  []Listener{{Name: listenerName(e), Listener: l}},
		generation: h.generation,
		notify:     h.notifyPath(),
		tell:       boundIn(took),
		release:    func() { l.Close(); h.release() },
	}, nil
}

func newByHand(e Endpoint) (*byHand, error) {
	h := &byHand{e: e, key: "unnamed-" + endpoint.Short(e.String())}
	if e.network != "unix" {
		dirs, err := endpoint.Locate()
		if err != nil {
			return nil, err
		}
		h.dirs.Runtime = dirs.Runtime
	} else {
		h.dirs.Runtime = filepath.Dir(e.address)
		if key, ok := strings.CutSuffix(filepath.Base(e.address), ".sock"); ok && record.ValidKey(key) {
			h.key = key
		}
	}
	if err := endpoint.EnsureDir(h.dirs.Runtime); err != nil {
		return nil, err
	}
	return h, endpoint.EnsureDir(h.dirs.Private(""))
}

// clear makes way for the socket. It returns the broker lock, held, or nil if a
// broker has it: then nothing is cleared, for what is in the way is the broker's.
func (h *byHand) clear() (*os.File, error) {
	lock, err := endpoint.TryLock(h.dirs.Lock())
	if errors.Is(err, endpoint.ErrLocked) {
		return nil, nil
	}
	if err == nil && h.e.network == "unix" {
		err = endpoint.RemoveStale(h.e.address)
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// write writes our record and locks it. What an earlier daemon left is for the next
// broker to clear away; its number is passed.
func (h *byHand) write(l net.Listener, took time.Duration) error {
	dir := h.dirs.Private("")
	entries, err := record.List(dir)
	if err != nil {
		return err
	}
	id, err := process.Self()
	if err != nil {
		return err
	}
	if h.e.network == "unix" {
		if h.socket, err = os.Lstat(h.e.address); err != nil {
			return err
		}
	}
	h.generation = record.Highest(entries, h.key) + 1
	if h.lock, err = record.Create(dir, h.key, h.generation); err != nil {
		return err
	}
	err = record.Write(dir, h.key, record.Record{
		Service: serviceOfKey(h.key), Version: h.e.version, Instance: h.e.instance, Generation: h.generation, Phase: record.Bound,
		Identity: id, UID: os.Geteuid(), Endpoint: h.e.String(), Listeners: recordListeners(h.e, l), Mode: "bind",
		Notify: h.notifyPath(), Command: os.Args, Definition: "run by hand", CreatedAt: time.Now(), BindMicros: took.Microseconds(),
	})
	if err != nil {
		return errors.Join(err, h.lock.Close(), record.Remove(dir, h.key, h.generation))
	}
	return nil
}

// notifyPath is where a broker that comes later will listen; "" if our
// notifications are for somebody else.
func (h *byHand) notifyPath() string {
	if h.notified {
		return ""
	}
	return h.dirs.Private(fmt.Sprintf("%s.%d.notify", endpoint.Short(h.key), h.generation))
}

func serviceOfKey(key string) string {
	service, _, _ := strings.Cut(key, "@")
	return service
}

// hide removes the socket, if it is still ours and no broker has taken over.
func (h *byHand) hide() {
	h.hideOnce.Do(func() {
		if lock, err := endpoint.TryLock(h.dirs.Lock()); err == nil {
			defer lock.Close()
			h.hideLocked()
		}
	})
}

func (h *byHand) hideLocked() {
	if h.socket == nil {
		return
	}
	if now, err := os.Lstat(h.e.address); err == nil && os.SameFile(now, h.socket) {
		_ = os.Remove(h.e.address) // a dead socket is cleared by whoever comes next
	}
}

// release removes the record, unless a broker runs: that one keeps the books.
func (h *byHand) release() {
	lock, err := endpoint.TryLock(h.dirs.Lock())
	if err == nil {
		defer lock.Close()
		if err := record.Remove(h.dirs.Private(""), h.key, h.generation); err != nil {
			fmt.Fprintf(os.Stderr, "%s: cannot remove my record: %v\n", programName(), err)
		}
	}
	h.lock.Close()
}
