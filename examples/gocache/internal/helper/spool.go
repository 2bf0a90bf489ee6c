package helper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// spool is the directory for the bodies of this go command: in the store if it
// is known, for the daemon gives the file another name and does not copy it.
type spool struct {
	dir       string // empty: not made yet
	next      int
	elsewhere []string // bodies that had to move
}

func (s *spool) make(storeDir, temp string) error {
	if s.dir != "" {
		return nil
	}
	var err error
	if storeDir != "" {
		s.dir, err = os.MkdirTemp(filepath.Join(storeDir, store.SpoolDir), strconv.Itoa(os.Getpid())+"-")
		if err == nil {
			return nil
		}
	}
	s.dir, err = os.MkdirTemp(temp, "gocache-")
	return err
}

// path returns a new name.
func (s *spool) path() string {
	s.next++
	return filepath.Join(s.dir, strconv.Itoa(s.next))
}

// note remembers a body that moved.
func (s *spool) note(b *body) {
	if b.moved {
		s.elsewhere = append(s.elsewhere, b.file.Name())
	}
}

// remove deletes what is left. What the daemon took has another name by now.
func (s *spool) remove() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
	for _, path := range s.elsewhere {
		os.Remove(path)
	}
}

// spoolBody writes a put's body to a file.
func (h *helper) spoolBody(req cacheprog.Request) (wire.Put, error) {
	if len(req.ActionID) != 32 || len(req.OutputID) != 32 || req.BodySize < 0 {
		return wire.Put{}, errors.New("gocache expects identifiers of 32 bytes")
	}
	storeDir := ""
	if s := h.session.Load(); s != nil {
		storeDir = s.dir
	}
	if err := h.spool.make(storeDir, h.cfg.Temp); err != nil {
		return wire.Put{}, err
	}
	b, err := newBody(h.spool.path(), h.cfg.Temp)
	if err != nil {
		return wire.Put{}, err
	}
	_, err = io.Copy(b, h.in.Body())
	if closeErr := b.file.Close(); err == nil {
		err = closeErr
	}
	h.spool.note(b)
	if err == nil && b.size != req.BodySize {
		err = fmt.Errorf("the body of a put has %d bytes instead of %d", b.size, req.BodySize)
	}
	return wire.Put{Action: object.Action(req.ActionID), Output: object.Output(req.OutputID), Size: b.size, Path: b.file.Name()}, err
}
