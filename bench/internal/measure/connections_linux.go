package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// The sides of many connections.
const (
	sideQueueOurs = "connections to a cold service"
	sideQueueBare = "connections to a bare inherited listener"
)

// connections: many at once from one process, while no daemon runs yet.
func (b *bench) connections(ctx context.Context, m *result.Measure) error {
	m.Title = "Many connections at once on a cold service"
	m.Method = "One process opens them from as many goroutines, sends one byte on each and reads one back; the time is to the last one's answer. " +
		"With us the broker notices and starts the daemon; the bare side executes the daemon at once, beside the connects, from a process that waited with few descriptors open " +
		"(one forked from a process with thousands inherits a large descriptor table, and is spared the grace periods that a threaded process waits for at 64, 256 and 1024 descriptors)."
	sizes := []int{1, 10, 100, 1000, 4000}
	if b.Quick {
		sizes = []int{1, 200}
	}
	limit, err := openFiles()
	if err != nil {
		return err
	}
	d, err := b.lab.Domain("many")
	if err != nil {
		return err
	}
	if err := d.Define("p", daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}, Limits: daemonry.Limits{OpenFiles: limit}}); err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	if err := d.StartBroker(ctx); err != nil {
		return err
	}
	most := 0
	for _, size := range sizes {
		if size+spareFiles > limit {
			m.Missing = append(m.Missing, fmt.Sprintf("%d connections: %d descriptors are allowed here", size, limit))
			continue
		}
		if err := b.connectionsOf(ctx, m, d, size); err != nil {
			return err
		}
		most = size
	}
	m.Compare = []result.Compare{
		{What: fmt.Sprintf("%d connections at once on a cold service against a bare inherited listener", most), Ours: sideQueueOurs, Floor: sideQueueBare, Size: most, Aim: 1.1},
		{What: "the same, in time more", Ours: sideQueueOurs, Floor: sideQueueBare, Size: most, Excess: true},
	}
	return nil
}

// spareFiles is what a process has open besides the connections.
const spareFiles = 64

func openFiles() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Max, 1<<20)), nil
}

func (b *bench) connectionsOf(ctx context.Context, m *result.Measure, d *lab.Domain, size int) error {
	rounds := b.rounds(10, 2)
	before, err := d.Service(ctx, "p")
	if err != nil {
		return err
	}
	err = inTurn(ctx, m, size, rounds, []side{
		{sideQueueOurs, func(ctx context.Context) (time.Duration, error) {
			took, err := timed(func() error { return atOnce(size, func() error { return ours(ctx, "p") }) })
			if err != nil {
				return 0, err
			}
			return took, d.Stop(ctx, "p")
		}},
		{sideQueueBare, func(context.Context) (time.Duration, error) {
			g, err := b.gate(lab.Plain)
			if err != nil {
				return 0, err
			}
			took, err := g.run(func() error { return atOnce(size, func() error { return bare(g.listener.Address()) }) })
			return took, errors.Join(err, g.end())
		}},
	})
	if err != nil {
		return err
	}
	after, err := d.Service(ctx, "p")
	if err != nil {
		return err
	}
	starts := after.Starts - before.Starts
	if starts != uint64(rounds) {
		return fmt.Errorf("%d connections at once, %d times, started %d daemons", size, rounds, starts)
	}
	m.Facts = append(m.Facts, fmt.Sprintf("%d connections at once, %d times: one start each, none refused", size, rounds))
	return nil
}

// atOnce calls f from so many goroutines.
func atOnce(n int, f func() error) error {
	var all sync.WaitGroup
	errs := make([]error, n)
	gate := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-gate
			errs[i] = f()
		})
	}
	close(gate)
	all.Wait()
	return errors.Join(errs...)
}
