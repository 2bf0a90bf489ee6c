package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// refresh is how often status --watch looks again: on a terminal for the times
// it shows, elsewhere for what no event tells, such as a daemon's status line.
const refresh = time.Second

// clearScreen moves to the top left and erases what is below, so that a redraw
// does not flicker.
const clearScreen = "\x1b[H\x1b[J"

// watchStatus shows the status again and again until ctx or the broker ends.
func (a *app) watchStatus(ctx context.Context, b *broker, o statusOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := make(chan struct{}, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		notice(ctx, b, o.name, changed)
	}()
	err := a.redraw(ctx, b, o, changed)
	cancel()
	<-over
	return err
}

// notice says on changed, without ever waiting, that something happened.
func notice(ctx context.Context, b *broker, name string, changed chan<- struct{}) {
	stream, err := b.Watch(ctx, connect.NewRequest(&daemonryv1.WatchRequest{Name: name}))
	if err != nil {
		return // redraw meets the same error
	}
	defer stream.Close()
	for stream.Receive() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

func (a *app) redraw(ctx context.Context, b *broker, o statusOptions, changed <-chan struct{}) error {
	ticks := time.NewTicker(refresh)
	defer ticks.Stop()
	seen := ""
	for {
		s, err := takeSnapshot(ctx, b, o.name)
		if err != nil {
			return err
		}
		if now := signature(s); a.redraws(o) || now != seen {
			seen = now
			if err := a.drawStatus(s, o); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		case <-changed:
		}
	}
}

// redraws says whether the screen is redrawn, changed or not.
func (a *app) redraws(o statusOptions) bool { return a.screen && !o.json }

func (a *app) drawStatus(s *snapshot, o statusOptions) error {
	if !a.redraws(o) {
		return a.printStatus(s, o)
	}
	_, err := fmt.Fprint(a.out, clearScreen+a.statusText(s, o))
	return err
}

// signature changes with what makes a snapshot worth another look; times,
// memory and such do not.
func signature(s *snapshot) string {
	var b strings.Builder
	for _, one := range s.services {
		fmt.Fprintf(&b, "%q %s %t %d %q %d %d %q %q\n",
			nameText(one.GetName(), one.GetVersion(), one.GetInstance()), one.GetState(), one.GetReady(), one.GetGeneration(),
			one.GetStatus(), one.GetStarts(), len(one.GetProcesses()), daemonry.Code(one.GetError().GetCode()), one.GetError().GetMessage())
	}
	fmt.Fprintf(&b, "%d %d", s.broker.GetPid(), len(s.refused))
	return b.String()
}
