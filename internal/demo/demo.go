package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options says where to work.
type Options struct {
	Repository string    // the clone that is built
	Work       string    // an empty directory for everything that is made
	Out        io.Writer // what a person reads
}

// demo is one run.
type demo struct {
	Options
	gocache string // the program
	env     []string
	began   time.Time
	seen    *observed
	failed  int // builds, over all rounds
}

// Run runs the demo. Its error says what did not hold.
func Run(ctx context.Context, o Options) error {
	d := &demo{Options: o, began: time.Now()}
	d.say("daemonry demo: building this repository through a build cache behind a brokered daemon")
	d.say("everything is in a temporary directory and goes when this ends")
	d.say("")
	if err := d.prepare(ctx); err != nil {
		return err
	}
	rounds := []struct {
		title string
		mode  mode
	}{
		{"empty cache, nothing running", plain},
		{"full cache", plain},
		{"full cache, daemon killed with SIGKILL in the middle", killing},
	}
	for i, r := range rounds {
		if err := d.round(ctx, i+1, r.title, r.mode); err != nil {
			return err
		}
	}
	return d.conclude(ctx)
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// prepare builds the cache program, with the user's own build cache.
func (d *demo) prepare(ctx context.Context) error {
	d.gocache = filepath.Join(d.Work, "gocache")
	began := time.Now()
	if out, err := d.goCommand(ctx, os.Environ(), "build", "-o", d.gocache, "./examples/gocache").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build examples/gocache: %w\n%s", err, out)
	}
	d.say("built examples/gocache, the daemon and its client    %s", seconds(time.Since(began)))
	unused := filepath.Join(d.Work, "unused")
	if err := os.MkdirAll(unused, 0o700); err != nil {
		return fmt.Errorf("cannot prepare: %w", err)
	}
	d.env = append(os.Environ(), "GOCACHEPROG="+d.gocache+" prog", "GOCACHE="+unused)
	d.seen = newObserved()
	return nil
}

func seconds(t time.Duration) string { return fmt.Sprintf("%5.1f s", t.Seconds()) }
