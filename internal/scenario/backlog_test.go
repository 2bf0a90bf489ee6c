//go:build linux && foreign

package scenario

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
)

// S3: a daemon that never accepts, with a backlog of 16, and 200 clients. Those
// that find no place are told by their own deadline, and nobody starts a second
// daemon.
func TestS3FullBacklogEndsAtTheDeadline(t *testing.T) {
	w := start(t)
	script := "import socket,time; s=socket.socket(fileno=3); s.listen(16); print('small', flush=True); time.sleep(600)"
	w.run("daemonry", "add", "deaf", "--", lookPath(t, "python3"), "-c", script)
	w.run("daemonry", "start", "deaf")
	w.await("the small backlog", func() bool { return w.run("daemonry", "logs", "deaf") == "small\n" })
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
		codes = map[daemonry.Code]int{}
	)
	for range 200 {
		wg.Go(func() {
			conn, err := daemonry.Dial(ctx, "deaf")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				conns = append(conns, conn)
				return
			}
			var e *daemonry.Error
			if errors.As(err, &e) && errors.Is(err, context.DeadlineExceeded) {
				codes[e.Code]++
				return
			}
			t.Errorf("error %v", err)
		})
	}
	wg.Wait()
	for _, conn := range conns {
		conn.Close()
	}
	if len(conns) == 0 || len(conns) > 20 {
		t.Errorf("%d connections are in a backlog of 16", len(conns))
	}
	if n := codes[daemonry.CodeTimeout]; n != 200-len(conns) || len(codes) != 1 {
		t.Errorf("errors %v, want %d of code timeout", codes, 200-len(conns))
	}
	if s := w.service("deaf"); s.Starts != 1 {
		t.Errorf("%d starts, want 1", s.Starts)
	}
}
