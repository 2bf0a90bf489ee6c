package conform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
)

// A life is one daemon from its start to its end, at which several checks look.
// Its stages are reached once, by the first check that needs them.
type life struct {
	trial *trial
	d     *daemon

	begun, warm, over bool
	crashed           bool          // it ended before it was asked to
	beginning, asking error         // how these stages went
	first             time.Duration // from exec to the first accept

	exit        process.Exit
	ended       bool // within the grace
	took        time.Duration
	pathAlive   error // what became of the path while it ran, and afterwards
	pathAfter   error
	listenAlive error
	listenAfter error
}

// begin starts the daemon with a client in the queue, who is accepted.
func (v *life) begin(ctx context.Context) error {
	if v.begun {
		return v.beginning
	}
	v.begun = true
	v.beginning = v.tryBegin(ctx)
	return v.beginning
}

func (v *life) tryBegin(ctx context.Context) error {
	c, err := v.trial.before(ctx)
	if err != nil {
		return err
	}
	if v.d, err = v.trial.start(ctx); err != nil {
		return err
	}
	if c, err = v.d.listening(v.trial.lab.t.Start, c); err != nil {
		return err
	}
	if v.first, err = v.d.firstAccept(c); err != nil {
		return err
	}
	return v.d.publish()
}

// firstAccept waits until c is accepted, closes it, and returns the time since exec.
func (d *daemon) firstAccept(c *client) (time.Duration, error) {
	return d.firstAcceptWithin(d.trial.lab.t.Start, c)
}

func (d *daemon) firstAcceptWithin(limit time.Duration, c *client) (time.Duration, error) {
	ctx, cancel := within(d.alive, limit, "it did not accept a connection")
	defer cancel()
	_, err := accepted(ctx, c)
	took := time.Since(d.begun)
	if errors.Is(err, errDropped) { // usually by its end
		if d.settle(); d.gone() {
			err = context.Cause(d.alive)
		}
	}
	return took, err
}

// heat waits for readiness, where that is announced, and makes a first request.
// Both have checks of their own: here they only set the scene.
func (v *life) heat(ctx context.Context) error {
	if err := v.begin(ctx); err != nil || v.warm {
		return err
	}
	v.warm = true
	_ = v.d.waitReady()
	if v.trial.lab.t.asks() {
		_, v.asking = v.d.serve(v.trial.lab.t.Start)
	}
	return nil
}

// living is heat for checks that look at the live daemon.
func (v *life) living(ctx context.Context) error {
	if err := v.heat(ctx); err != nil {
		return err
	}
	return v.dead()
}

// dead says that there is nothing to look at any more.
func (v *life) dead() error {
	if v.d == nil || v.over || !v.d.gone() {
		return nil
	}
	return &inapplicable{fmt.Sprintf("it had ended by then: it %v", v.d.exit)}
}

// waitReady waits for READY=1 of a daemon that speaks, or is known to send it. It
// does so until one time it was in vain.
func (d *daemon) waitReady() error {
	l := d.trial.lab
	if spoke := d.notes.hear(); l.mute || !spoke && !l.announces {
		return nil
	}
	ctx, cancel := within(d.alive, d.trial.lab.t.Start, "it did not send READY=1")
	defer cancel()
	select {
	case <-d.notes.ready:
		l.announces = true
		return nil
	case <-ctx.Done():
		l.mute = !d.gone()
		return context.Cause(ctx)
	}
}

// halt asks the daemon to end, and looks at the endpoint before and after.
func (v *life) halt(ctx context.Context) error {
	if err := v.heat(ctx); err != nil || v.over {
		return err
	}
	v.over = true
	v.pathAlive, v.listenAlive = v.trial.lookAtPath(), v.trial.lookAtListener(ctx)
	v.crashed = v.d.gone()
	begun := time.Now()
	v.exit, v.ended = v.d.stop()
	v.took = time.Since(begun)
	if !v.ended {
		v.trial.lab.deaf = true
		if err := v.d.kill(); err != nil {
			return err
		}
	}
	v.pathAfter, v.listenAfter = v.trial.lookAtPath(), v.trial.lookAtListener(ctx)
	return nil
}

// lookAtPath says what became of the endpoint's path, in mode inherit.
func (tr *trial) lookAtPath() error {
	if tr.listener == nil {
		return nil
	}
	dev, ino, err := endpoint.PathInode(tr.lab.public)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("the path was gone")
	case err != nil:
		return err
	case dev != tr.dev || ino != tr.ino:
		return errors.New("something else was at the path")
	}
	return nil
}

// lookAtListener says whether the listener still takes connections, in mode inherit.
func (tr *trial) lookAtListener(ctx context.Context) error {
	if tr.listener == nil {
		return nil
	}
	c, err := tr.dial(ctx, tr.link)
	if errors.Is(err, unix.ECONNREFUSED) {
		return errors.New("the listener refused connections")
	}
	if err == nil {
		c.close()
	}
	return err
}
