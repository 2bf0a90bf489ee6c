package daemonry

import (
	"context"
	"net"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

const (
	// pollTime is how long the broker may hold an answer back.
	pollTime = "30s"
	// reportEvery is the longest time between two calls of a progress function.
	reportEvery = time.Second
)

// dialReady connects, and returns the connection when the daemon is ready.
func (c *call) dialReady(ctx context.Context) (net.Conn, error) {
	var conn net.Conn
	err := c.reporting(ctx, func(ctx context.Context, changed func(*Resolution)) (err error) {
		conn, err = c.dial(ctx)
		if err != nil {
			return err
		}
		if _, err = c.untilReady(ctx, changed); err == nil && !hungUp(conn) {
			return nil
		}
		conn.Close()
		if err != nil {
			return err
		}
		// A generation that died while it warmed had accepted it already.
		conn, err = c.dial(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (c *call) resolveReady(ctx context.Context) (*Resolution, error) {
	var res *Resolution
	err := c.reporting(ctx, func(ctx context.Context, changed func(*Resolution)) (err error) {
		res, err = c.untilReady(ctx, changed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// reporting runs work and meanwhile calls the progress function: when work says
// that something changed, and every second. Without one it only runs work.
func (c *call) reporting(ctx context.Context, work func(context.Context, func(*Resolution)) error) error {
	if c.progress == nil {
		return work(ctx, func(*Resolution) {})
	}
	ctx, cancel := context.WithCancel(ctx)
	changes, done := make(chan *Resolution), make(chan error, 1)
	go func() {
		defer close(done)
		done <- work(ctx, func(res *Resolution) {
			select {
			case changes <- res:
			case <-ctx.Done():
			}
		})
	}()
	defer func() { // also if the progress function panics
		cancel()
		for range done {
		}
	}()
	return c.report(changes, done)
}

func (c *call) report(changes <-chan *Resolution, done <-chan error) error {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	p := Progress{Name: c.name.String()}
	for {
		select {
		case err := <-done:
			return err
		case res := <-changes:
			p.State, p.Status, p.Generation = res.State, res.Status, res.Generation
			tick.Reset(reportEvery)
		case <-tick.C:
		}
		p.Elapsed = time.Since(c.began)
		c.progress(p)
	}
}

// untilReady asks until the daemon is ready. The first question only looks, to
// learn which generation's failures are old news; the next ones start the daemon
// and are answered when something happens.
func (c *call) untilReady(ctx context.Context, changed func(*Resolution)) (*Resolution, error) {
	res, err := c.ask(ctx, question{})
	if err != nil || res.Ready {
		return res, err
	}
	changed(res)
	seen := settled(res)
	var pause endpoint.Backoff
	for {
		before := res
		res, err = c.ask(ctx, question{WaitReady: true, Revision: before.Revision, MaxWait: pollTime, SeenGeneration: seen})
		if err != nil || res.Ready {
			return res, c.whileWarming(ctx, err)
		}
		if tellsMore(res, before) {
			changed(res)
			pause = endpoint.Backoff{}
			continue
		}
		// Whatever else changed, a broker that does not hold back must not be asked
		// in a loop.
		if err := pause.Wait(ctx); err != nil {
			return nil, c.failure(ctx, "waiting for it to become ready", err)
		}
	}
}

// tellsMore reports whether a progress function has something new to say.
func tellsMore(now, before *Resolution) bool {
	return now.State != before.State || now.Status != before.Status || now.Generation != before.Generation
}

// settled returns the last generation of which nothing more is to be expected.
func settled(res *Resolution) uint64 {
	if res.State == StateStarting && res.Generation > 0 {
		return res.Generation - 1
	}
	return res.Generation
}

// whileWarming says in a timeout what was really being waited for.
func (c *call) whileWarming(ctx context.Context, err error) error {
	if CodeOf(err) != CodeTimeout || ctx.Err() == nil {
		return err
	}
	return c.failure(ctx, "waiting for it to become ready", ctx.Err())
}
