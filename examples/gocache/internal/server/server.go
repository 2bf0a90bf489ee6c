package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/store"
)

// A Source is a store that is being loaded; *backend.State[*store.Store] is one.
type Source interface {
	Get(context.Context) (*store.Store, error) // waits
	TryGet() (*store.Store, bool)              // does not
}

// Server is what the connections of a daemon share.
type Server struct {
	Dir     string // the store's directory, known before the store is loaded
	Version string // of the program, for Report
	Store   Source
	// Ended is called when a go command has ended, with the numbers as they are
	// then; may be nil.
	Ended func(store.Stats)
}

// writeTimeout is how long a client may leave its answers unread.
const writeTimeout = 30 * time.Second

// Serve answers what comes from the connection until the client ends, or stop
// does: then it answers what it was asked, and the client, which finds the
// connection closed without its Bye, dials again and meets the successor. work
// bounds waiting for the store. The caller closes the connection.
func (s *Server) Serve(stop, work context.Context, conn net.Conn) error {
	defer context.AfterFunc(stop, func() { conn.SetReadDeadline(time.Now()) })()
	c := newConnection(s, work, conn)
	err := c.run()
	c.end(err == nil && c.bye)
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) && stop.Err() != nil {
		return nil
	}
	return err
}

// Report is the answer to a question for statistics.
type Report struct {
	Version string `json:"version"`
	PID     int    `json:"pid"`
	Uptime  int64  `json:"uptime_seconds"`
	store.Stats
}

func (s *Server) report(st *store.Store) ([]byte, error) {
	stats := st.Stats()
	return json.Marshal(Report{
		Version: s.Version,
		PID:     os.Getpid(),
		Uptime:  int64(time.Since(stats.Opened).Seconds()),
		Stats:   stats,
	})
}
