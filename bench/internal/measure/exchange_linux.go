package measure

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/daemonry/daemonry"
)

// answerLimit is for one answer of a daemon; only what hangs takes that long.
const answerLimit = 30 * time.Second

// exchange sends one byte and reads the one that comes back.
func exchange(conn net.Conn, buf []byte) error {
	if _, err := conn.Write(buf[:1]); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, buf[:1])
	return err
}

// firstByte is exchange on a new connection, which it closes.
func firstByte(conn net.Conn, err error) error {
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return err
	}
	return exchange(conn, make([]byte, 1))
}

// ours dials by name, as a tool does.
func ours(ctx context.Context, name string) error {
	if err := firstByte(daemonry.Dial(ctx, name)); err != nil {
		return fmt.Errorf("dial %s: %w", name, err)
	}
	return nil
}

// bare connects to a path and nothing else.
func bare(path string) error { return firstByte(net.Dial("unix", path)) }

// timed is how long f takes.
func timed(f func() error) (time.Duration, error) {
	begun := time.Now()
	err := f()
	return time.Since(begun), err
}
