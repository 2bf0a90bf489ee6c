package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// A client is one connection to a daemon.
type client struct {
	conn  *net.UnixConn
	inode uint32 // the low 32 bits, as sock_diag tells them
}

// dial connects and does no more.
func (tr *trial) dial(ctx context.Context, path string) (*client, error) {
	ctx, cancel := within(ctx, tr.lab.t.Start, "the endpoint did not take a connection")
	defer cancel()
	conn, err := endpoint.Dial(ctx, "unix", path)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn.(*net.UnixConn)}
	tr.clients = append(tr.clients, c)
	return c, c.identify()
}

// dialMany connects n clients.
func (tr *trial) dialMany(ctx context.Context, path string, n int) ([]*client, error) {
	var list []*client
	for range n {
		c, err := tr.dial(ctx, path)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (c *client) close() { c.conn.Close() }

// control calls f with the descriptor.
func (c *client) control(f func(fd int) error) error {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func (c *client) identify() error {
	return c.control(func(fd int) error {
		var st unix.Stat_t
		err := unix.Fstat(fd, &st)
		c.inode = uint32(st.Ino)
		return err
	})
}

// errDropped says that a connection was dropped from the queue.
var errDropped error = &finding{"it reset a connection that waited in its queue"}

// dropped reports whether the queue that the connection waited in has gone. It is of use
// for a connection on which nothing was sent.
func (c *client) dropped() error {
	return c.control(func(fd int) error {
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && syscall.Errno(code) == unix.ECONNRESET {
			return errDropped
		}
		return err
	})
}

// pending returns the clients that wait in any backlog, by inode.
func pending() (map[uint32]bool, error) {
	table, err := sockdiag.Listeners()
	if err != nil {
		return nil, fmt.Errorf("cannot look at the backlogs: %w", err)
	}
	waiting := map[uint32]bool{}
	for _, l := range table {
		for _, inode := range l.Icons {
			waiting[inode] = true
		}
	}
	return waiting, nil
}

// accepted waits until clients are accepted, and closes each when it was: a
// daemon that serves one after the other waits for that. left is how many were not.
func accepted(ctx context.Context, clients ...*client) (left int, err error) {
	waiting := append([]*client(nil), clients...)
	err = await(ctx, func() (bool, error) {
		queued, err := pending()
		if err != nil {
			return false, err
		}
		var still []*client
		for _, c := range waiting {
			if queued[c.inode] {
				still = append(still, c)
				continue
			}
			if err := c.dropped(); err != nil {
				return false, err
			}
			c.close()
		}
		waiting = still
		return len(waiting) == 0, nil
	})
	return len(waiting), err
}

// held waits until the client is accepted and keeps it open.
func held(ctx context.Context, c *client) error {
	return await(ctx, func() (bool, error) {
		queued, err := pending()
		if err != nil || queued[c.inode] {
			return false, err
		}
		return true, c.dropped()
	})
}

// send sends the request.
func (c *client) send(request []byte) error {
	if len(request) == 0 {
		return nil
	}
	_, err := c.conn.Write(request)
	return err
}

// halves returns the request without its last byte, and that byte. A shorter one
// cannot be cut.
func (x *Exchange) halves() (head, tail []byte) {
	if n := len(x.Send) - 1; n > 0 {
		return x.Send[:n], x.Send[n:]
	}
	return x.Send, nil
}

// closed reports whether err says that the other side has closed the connection.
func closed(err error) bool {
	return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
}

// answerLimit is how much of an answer is searched, in bytes.
const answerLimit = 1 << 20

// receive reads until the answer holds what is expected.
func (c *client) receive(ctx context.Context, x *Exchange) error {
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var got []byte
	for buffer := make([]byte, 32<<10); ; {
		n, err := c.conn.Read(buffer)
		got = append(got, buffer[:n]...)
		switch {
		case len(got) > 0 && bytes.Contains(got, x.Expect):
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return context.Cause(ctx)
		case errors.Is(err, io.EOF), closed(err):
			return found("the connection was closed %s", after(got))
		case err != nil:
			return err
		case len(got) > answerLimit:
			return found("the answer has more than %d bytes and does not hold what is expected", answerLimit)
		}
	}
}

// after describes an answer that is not the expected one.
func after(got []byte) string {
	if len(got) == 0 {
		return "without an answer"
	}
	const most = 60
	if len(got) > most {
		return fmt.Sprintf("after an answer that is not the expected one: %q…", got[:most])
	}
	return fmt.Sprintf("after an answer that is not the expected one: %q", got)
}

// ask sends the request and waits for the answer.
func (c *client) ask(ctx context.Context, x *Exchange) error {
	if err := c.send(x.Send); closed(err) {
		return found("the connection was closed before the request was sent")
	} else if err != nil {
		return err
	}
	return c.receive(ctx, x)
}
