package measure

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/internal/endpoint"
)

// The sides of many definitions.
const (
	sidePublished = "broker start to all endpoints published"
	sideBindLoop  = "bind, listen, link"
	sideAmong     = "cold start among them"
)

// definitions: brokers with many services.
func (b *bench) definitions(ctx context.Context, m *result.Measure) error {
	m.Title = "Many definitions"
	m.Method = "From `daemonry.Resolve` with nothing running to its answer, which a broker gives when every endpoint is bound and listening; it includes the broker's own exec. " +
		"The floor binds, listens and links as many sockets in a loop. Then the broker is left alone for a while: its memory, and how often its threads ran. At last one of its services is started as in the measure of cold starts."
	limit, err := openFiles()
	if err != nil {
		return err
	}
	sizes := []int{1, 10, 100, 1000, 10_000}
	if b.Quick {
		sizes = []int{1, 50}
	}
	most := 0
	for _, size := range sizes {
		if size+spareFiles > limit {
			m.Missing = append(m.Missing, fmt.Sprintf("%d definitions: %d descriptors are allowed here", size, limit))
			continue
		}
		if err := b.definitionsOf(ctx, m, size); err != nil {
			return err
		}
		most = size
	}
	m.Compare = []result.Compare{
		{What: fmt.Sprintf("%d definitions: broker start to all endpoints published against bind, listen, link", most), Ours: sidePublished, Floor: sideBindLoop, Size: most, Aim: 3},
		{What: fmt.Sprintf("a cold start among %d services against exec with an inherited listener", most), Ours: sideAmong, Floor: sideInherited, Size: most},
	}
	return nil
}

func (b *bench) definitionsOf(ctx context.Context, m *result.Measure, size int) error {
	d, err := b.lab.Domain(fmt.Sprintf("d%d", size))
	if err != nil {
		return err
	}
	for i := range size {
		s := daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}, Description: fmt.Sprintf("number %d", i)}
		if err := d.Define(fmt.Sprintf("s%d", i), s); err != nil {
			return err
		}
	}
	defer d.Shutdown(ctx)
	last := fmt.Sprintf("s%d", size-1)
	err = inTurn(ctx, m, size, b.rounds(5, 1), []side{
		{sidePublished, func(ctx context.Context) (time.Duration, error) {
			if err := d.Shutdown(ctx); err != nil {
				return 0, err
			}
			return timed(func() error {
				_, err := daemonry.Resolve(ctx, last)
				return err
			})
		}},
		{sideBindLoop, func(context.Context) (time.Duration, error) { return b.bindLoop(size) }},
	})
	if err != nil {
		return err
	}
	if err := b.atRest(ctx, m, d, size); err != nil {
		return err
	}
	return inTurn(ctx, m, size, b.rounds(20, 1), []side{
		{sideAmong, stopped(d, last)},
		{sideInherited, b.inherited},
	})
}

// bindLoop publishes as many endpoints as a plain loop can.
func (b *bench) bindLoop(size int) (took time.Duration, err error) {
	dir := b.lab.Path()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	listeners := make([]*endpoint.Listener, 0, size)
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
	}()
	return timed(func() error {
		for i := range size {
			path := fmt.Sprintf("%s/%d", dir, i)
			l, err := endpoint.ListenUnix(path, endpoint.Backlog())
			if err != nil {
				return err
			}
			listeners = append(listeners, l)
			if err := os.Link(path, path+"l"); err != nil {
				return err
			}
		}
		return nil
	})
}

// atRest reads what a broker takes that has nothing to do.
func (b *bench) atRest(ctx context.Context, m *result.Measure, d *lab.Domain, size int) error {
	pid, err := d.BrokerPID() // not by asking it: answers cost memory
	if err != nil {
		return err
	}
	window := b.window()
	if err := quiet(ctx, window); err != nil { // for what follows a start
		return err
	}
	before, err := switchesOf(pid)
	if err != nil {
		return err
	}
	if err := quiet(ctx, window); err != nil {
		return err
	}
	after, err := switchesOf(pid)
	if err != nil {
		return err
	}
	resident, anonymous, err := memoryOf(pid)
	m.Add("resident memory of the broker", size, result.Bytes, float64(resident))
	m.Add("anonymous memory of the broker", size, result.Bytes, float64(anonymous))
	if err != nil {
		return err
	}
	m.Add(fmt.Sprintf("context switches of the broker in %v at rest", window), size, result.Count, float64(after-before))
	list, err := d.List(ctx)
	if err == nil && len(list.Services) != size {
		err = fmt.Errorf("%d of %d services are there", len(list.Services), size)
	}
	return err
}

func (b *bench) window() time.Duration {
	if b.Quick {
		return 200 * time.Millisecond
	}
	return 3 * time.Second
}
