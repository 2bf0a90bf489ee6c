package measure

import (
	"context"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// The sides of a start from nothing.
const (
	sideNothing  = "Daemonry, nothing running"
	sideTwoExecs = "exec of the broker's binary, then of the daemon"
)

// nothing: from Dial to the first byte with neither broker nor daemon.
func (b *bench) nothing(ctx context.Context, m *result.Measure) error {
	m.Title = "A first start, with nothing running"
	m.Method = "From Dial to the first byte; the broker, its daemon and their directory's sockets are gone before each. The floor executes the broker's own binary (`daemonry version`, to its end) " +
		"and then the daemon with an inherited listener."
	d, err := b.lab.Domain("nothing")
	if err != nil {
		return err
	}
	if err := d.Define("p", daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}}); err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	err = inTurn(ctx, m, 0, b.rounds(60, 2), []side{
		{sideNothing, func(ctx context.Context) (time.Duration, error) {
			took, err := timed(func() error { return ours(ctx, "p") })
			if err != nil {
				return 0, err
			}
			return took, d.Shutdown(ctx)
		}},
		{sideTwoExecs, b.twoExecs},
	})
	m.Compare = []result.Compare{
		{What: "nothing running: Dial to first byte against two execs", Ours: sideNothing, Floor: sideTwoExecs, Aim: 1.5},
		{What: "the same, in time more", Ours: sideNothing, Floor: sideTwoExecs, Excess: true},
	}
	return err
}

func (b *bench) twoExecs(ctx context.Context) (time.Duration, error) {
	begun := time.Now()
	p, err := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.Broker), "version"}})
	if err != nil {
		return 0, err
	}
	if err := p.Wait(); err != nil {
		return 0, err
	}
	first := time.Since(begun)
	second, err := b.inherited(ctx)
	return first + second, err
}
