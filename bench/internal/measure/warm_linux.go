package measure

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// warm: connecting to a daemon that runs, one byte each way.
func (b *bench) warm(ctx context.Context, m *result.Measure) error {
	m.Title = "A warm Dial"
	m.Method = "One process dials a running daemon, has one byte echoed and closes, in turn by `daemonry.Dial(ctx, name)` and by `net.Dial(\"unix\", path)`. " +
		"The daemon is the same one, started by the broker. Allocations are those of Dial and Close."
	d, err := b.lab.Domain("warm")
	if err != nil {
		return err
	}
	if err := d.Define("w", daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}}); err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	if err := ours(ctx, "w"); err != nil {
		return err
	}
	path := d.Endpoint("w")
	buf := []byte{'x'}
	err = inTurn(ctx, m, 0, b.rounds(100_000, 200), []side{
		{"daemonry.Dial", func(ctx context.Context) (time.Duration, error) {
			begun := time.Now()
			conn, err := daemonry.Dial(ctx, "w")
			return since(begun, conn, err, buf)
		}},
		{"net.Dial", func(context.Context) (time.Duration, error) {
			begun := time.Now()
			conn, err := net.Dial("unix", path)
			return since(begun, conn, err, buf)
		}},
	})
	if err != nil {
		return err
	}
	m.Add("allocations of daemonry.Dial", 0, result.Count, allocations(func() (net.Conn, error) { return daemonry.Dial(ctx, "w") }))
	m.Add("allocations of net.Dial", 0, result.Count, allocations(func() (net.Conn, error) { return net.Dial("unix", path) }))
	m.Compare = []result.Compare{
		{What: "warm Dial + 1 byte against connect + 1 byte", Ours: "daemonry.Dial", Floor: "net.Dial", Aim: 1.05},
		{What: "allocations more than net.Dial", Ours: "allocations of daemonry.Dial", Floor: "allocations of net.Dial", Excess: true, Aim: 4},
	}
	return nil
}

// since is without the deadline and the allocation that firstByte has: they would
// hide a part of what is to be seen.
func since(begun time.Time, conn net.Conn, err error, buf []byte) (time.Duration, error) {
	if err != nil {
		return 0, err
	}
	err = exchange(conn, buf)
	took := time.Since(begun)
	conn.Close()
	return took, err
}

// allocations of one Dial, with its Close.
func allocations(dial func() (net.Conn, error)) float64 {
	buf := []byte{'x'}
	return testing.AllocsPerRun(200, func() {
		if conn, err := dial(); err == nil {
			_ = exchange(conn, buf) // so that the backlog does not fill
			conn.Close()
		}
	})
}
