package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// parallel is how many questions of one connection are being answered at once.
// Most take microseconds; those that hash a file take a core.
const parallel = 16

// connection is one client. run owns everything but what write takes.
type connection struct {
	server *Server
	work   context.Context
	conn   net.Conn
	frames *wire.Reader

	helper bool
	lease  *store.Lease // a helper's, once the store is loaded
	store  *store.Store // nil until it is loaded
	bye    bool

	busy  sync.WaitGroup
	slots chan struct{}

	writing sync.Mutex // guards writes to conn
}

func newConnection(s *Server, work context.Context, conn net.Conn) *connection {
	return &connection{
		server: s, work: work, conn: conn,
		frames: wire.NewReader(bufio.NewReaderSize(conn, 16<<10)),
		slots:  make(chan struct{}, parallel),
	}
}

func (c *connection) run() error {
	if err := c.hello(); err != nil {
		return err
	}
	for !c.bye {
		f, err := c.frames.Read()
		if err != nil {
			return err
		}
		if err := c.loaded(); err != nil {
			return err
		}
		if err := c.handle(f); err != nil {
			return err
		}
	}
	return nil
}

// end waits for what is being answered, gives the lease back, and uses the time
// to make a view for the next client.
func (c *connection) end(orderly bool) {
	c.busy.Wait()
	if c.lease == nil {
		return
	}
	c.lease.Close(orderly)
	c.store.Publish() // without it clients ask
	if c.server.Ended != nil {
		c.server.Ended(c.store.Stats())
	}
}

// hello answers at once, with a view if the store is loaded.
func (c *connection) hello() error {
	f, err := c.frames.Read()
	if err != nil {
		return err
	}
	m, err := wire.ParseHello(f)
	if err != nil {
		return err
	}
	c.helper = m.Helper && m.Version == wire.Version
	view := ""
	if st, ok := c.server.Store.TryGet(); ok {
		view = c.attach(st)
	}
	return c.write(wire.Welcome{Version: wire.Version, Dir: c.server.Dir, View: view}.Append(nil))
}

func (c *connection) attach(st *store.Store) (view string) {
	c.store = st
	if c.helper {
		c.lease, view = st.Attach()
	}
	return view
}

// loaded waits for the store.
func (c *connection) loaded() error {
	if c.store != nil {
		return nil
	}
	st, err := c.server.Store.Get(c.work)
	if err == nil {
		c.attach(st)
	}
	return err
}

// handle answers a frame, now or in a goroutine of its own.
func (c *connection) handle(f wire.Frame) error {
	switch f.Kind {
	case wire.KindGet:
		action, err := wire.ParseGet(f)
		if err == nil {
			c.answer(f.ID, func() ([]byte, error) { return c.get(f.ID, action), nil })
		}
		return err
	case wire.KindPut:
		put, err := wire.ParsePut(f)
		if err == nil {
			c.answer(f.ID, func() ([]byte, error) { return c.put(f.ID, put) })
		}
		return err
	case wire.KindUsed:
		return c.used(f)
	case wire.KindStats:
		c.answer(f.ID, func() ([]byte, error) { return c.stats(f.ID) })
	case wire.KindClean:
		c.answer(f.ID, func() ([]byte, error) { return c.clean(f.ID) })
	case wire.KindBye:
		c.busy.Wait()
		c.bye = true
		return c.write(wire.Append(nil, wire.KindBye, f.ID))
	default:
		return &wire.FormatError{Reason: fmt.Sprintf("a client sent a frame of kind %d", f.Kind)}
	}
	return nil
}

// answer runs question in a goroutine and sends what it returns.
func (c *connection) answer(id int64, question func() ([]byte, error)) {
	c.slots <- struct{}{}
	c.busy.Go(func() {
		defer func() { <-c.slots }()
		frame, err := question()
		if err != nil {
			frame = wire.AppendFailed(nil, id, err)
		}
		c.write(frame) // if it fails so does the next read
	})
}

func (c *connection) write(frame []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.conn.Write(frame)
	if err != nil {
		c.conn.Close() // half a frame may be out: nothing after it would be understood
	}
	return err
}

func (c *connection) get(id int64, action object.Action) []byte {
	entry, ok := c.store.Get(action)
	if !ok {
		return wire.Append(nil, wire.KindMiss, id)
	}
	return c.hit(id, entry)
}

func (c *connection) put(id int64, m wire.Put) ([]byte, error) {
	entry, err := c.store.Put(m.Action, m.Output, m.Size, m.Path)
	if err != nil {
		return nil, err
	}
	return c.hit(id, entry), nil
}

func (c *connection) hit(id int64, entry object.Entry) []byte {
	return wire.Hit{Entry: entry, Path: object.Path(c.server.Dir, entry.Output)}.Append(nil, id)
}

func (c *connection) used(f wire.Frame) error {
	hits, outputs, err := wire.ParseUsed(f)
	if err != nil {
		return err
	}
	c.store.Used(hits, outputs)
	if c.lease != nil {
		c.lease.Renew()
	}
	return nil
}

func (c *connection) stats(id int64) ([]byte, error) {
	data, err := c.server.report(c.store)
	return wire.Append(nil, wire.KindReport, id, data), err
}

func (c *connection) clean(id int64) ([]byte, error) {
	cleaned, err := c.store.Clean()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(cleaned)
	return wire.Append(nil, wire.KindReport, id, data), err
}
