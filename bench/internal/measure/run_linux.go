package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// bench is one run of the measures.
type bench struct {
	Options
	lab *lab.Lab
}

// Run builds the programs and carries out the measures once. Everything that it
// started has ended when it returns. After an error it returns what was measured
// up to there.
func Run(ctx context.Context, o Options) (run result.Run, err error) {
	run = result.Run{Began: time.Now().UTC(), Load: result.LoadAverage(), Quick: o.Quick}
	o.Log("building")
	place, err := lab.New(ctx)
	if err != nil {
		return run, err
	}
	run.Files = place.Files()
	defer func() {
		run.Took = time.Since(run.Began).Seconds()
		if closed := place.Close(); err == nil {
			err = closed
		}
	}()
	b := &bench{o, place}
	for _, name := range Names() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, name) {
			continue
		}
		o.Log("measuring " + name)
		m, err := b.measure(ctx, name)
		if err != nil {
			return run, fmt.Errorf("cannot measure %s: %w", name, err)
		}
		run.Measures = append(run.Measures, *m)
		if o.Done != nil {
			o.Done(*m)
		}
	}
	return run, nil
}

func (b *bench) measure(ctx context.Context, name string) (*result.Measure, error) {
	m := &result.Measure{Name: name}
	f := map[string]func(context.Context, *result.Measure) error{
		"warm": b.warm, "cold": b.cold, "contract": b.contract, "nothing": b.nothing, "clients": b.clients,
		"connections": b.connections, "memory": b.memory, "definitions": b.definitions, "budget": b.budget,
	}[name]
	return m, f(ctx, m)
}

// rounds is how often something is measured: quick says it for a quick run.
func (b *bench) rounds(full, quick int) int {
	if b.Quick {
		return quick
	}
	return full
}

// A side measures one value each time it is called.
type side struct {
	name string
	once func(context.Context) (time.Duration, error)
}

// inTurn measures every side once a round, in an order that is drawn anew each
// time: what a side leaves behind then falls on all others alike. The draws are the
// same in every run.
func inTurn(ctx context.Context, m *result.Measure, size, rounds int, sides []side) error {
	for _, s := range sides {
		m.AddTime(s.name, size) // so that the sides stand in their own order
	}
	random := rand.New(rand.NewPCG(uint64(rounds), uint64(len(sides))))
	for range rounds {
		for _, i := range random.Perm(len(sides)) {
			s := sides[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			d, err := s.once(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			m.AddTime(s.name, size, d)
		}
	}
	return nil
}
