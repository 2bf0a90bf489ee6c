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
	dir  string // empty: not made yet
	next int
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

// remove deletes what is left. What the daemon took has another name by now.
func (s *spool) remove() {
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// spoolBody writes a put's body to a file. It is read-only: nobody has a reason
// to write to an object.
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
	m := wire.Put{Action: object.Action(req.ActionID), Output: object.Output(req.OutputID), Size: req.BodySize, Path: h.spool.path()}
	f, err := os.OpenFile(m.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o444)
	if err != nil {
		return wire.Put{}, err
	}
	n, err := io.Copy(f, h.in.Body())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil && n != m.Size {
		err = fmt.Errorf("the body of a put has %d bytes instead of %d", n, m.Size)
	}
	return m, err
}
