package conform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// queued is how many clients are there before the daemon is.
const queued = 32

// up starts a daemon and waits for its first accept.
func (tr *trial) up(ctx context.Context) (*daemon, error) {
	c, err := tr.before(ctx)
	if err != nil {
		return nil, err
	}
	d, err := tr.start(ctx)
	if err != nil {
		return nil, err
	}
	if c, err = d.bound(c); err != nil {
		return nil, err
	}
	_, err = d.firstAccept(c)
	return d, err
}

// warm is up, ready where that is announced, and served a client.
func (tr *trial) warm(ctx context.Context) (*daemon, error) {
	d, err := tr.up(ctx)
	if err != nil {
		return nil, err
	}
	_ = d.waitReady() // that it comes is another check's
	_, err = d.serve(tr.lab.t.Start)
	return d, err
}

func checkReady(ctx context.Context, tr *trial) (string, error) {
	c, err := tr.before(ctx)
	if err != nil {
		return "", err
	}
	d, err := tr.start(ctx)
	if err != nil {
		return "", err
	}
	if c, err = d.bound(c); err != nil {
		return "", err
	}
	spoke, err := d.readyOrAccepting(c)
	if err != nil {
		return "", err
	}
	if !spoke {
		return d.readyByAccepting()
	}
	if err := d.waitReady(); err != nil {
		return "", found("it spoke on the notify socket, but %v", err)
	}
	at, ready := d.notes.isReady()
	if !ready {
		return "", found("it spoke on the notify socket, but did not send READY=1 within %v", tr.lab.t.Start)
	}
	how, err := d.serve(tr.lab.t.Answer)
	if err != nil {
		return "", found("READY=1 came %s after exec, but then: %v", span(at.Sub(d.begun)), err)
	}
	return fmt.Sprintf("READY=1 came after %s, and the next client was %s", span(at.Sub(d.begun)), how), nil
}

// readyByAccepting is about a daemon that had said nothing when it accepted.
func (d *daemon) readyByAccepting() (string, error) {
	if d.settle(); !d.notes.hear() {
		return "never speaks on the notify socket: it counts as ready with its first accept", nil
	}
	d.trial.lab.announces = false // what it does is not to be relied on
	return "", &caution{`it speaks on the notify socket, but only after it began to accept: a broker that takes the first accept for readiness (ready = "auto") does not wait for READY=1`}
}

// readyOrAccepting waits for READY=1 or the first accept, and reports whether the
// daemon spoke before: then READY=1 is to come, else accepting is readiness.
func (d *daemon) readyOrAccepting(c *client) (spoke bool, err error) {
	ctx, cancel := within(d.alive, d.trial.lab.t.Start, "it neither accepted a connection nor sent READY=1")
	defer cancel()
	defer c.close()
	err = await(ctx, func() (bool, error) {
		if _, ready := d.notes.isReady(); ready {
			return true, nil
		}
		waiting, err := pending()
		return err == nil && !waiting[c.inode], err
	})
	if err != nil {
		return false, err
	}
	return d.notes.hear(), nil
}

func checkQueue(ctx context.Context, tr *trial) (string, error) {
	clients, err := tr.dialMany(ctx, tr.link, queued)
	if err != nil {
		return "", err
	}
	if err := sendAll(clients, tr.lab.t.request()); err != nil {
		return "", err
	}
	d, err := tr.start(ctx)
	if err != nil {
		return "", err
	}
	how, err := d.serveAll(clients, tr.lab.t.Start)
	if err != nil {
		return "", found("of the connections that waited before its start, %v", err)
	}
	return fmt.Sprintf("%d connections that waited before its start were %s", queued, how), nil
}

// blockedFactor is how much longer than usual the first accept may take while the
// state cannot be read.
const blockedFactor = 10

func (r *runner) checkState(ctx context.Context, tr *trial) (detail string, err error) {
	t := tr.lab.t
	if t.State == "" {
		return "", &inapplicable{"the file that it loads was not named: do so with --state"}
	}
	restore, err := blockState(t.State)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, restore()) }()
	// The FIFO goes only when nobody waits in it any more.
	defer func() { err = errors.Join(err, tr.endBlocked()) }()
	took, err := r.acceptBlocked(ctx, tr, max(t.Answer, blockedFactor*r.first))
	if err != nil {
		return "", found("while %s could not be read: %v", t.State, err)
	}
	opened, err := openedWithin(t.State, t.Settle)
	if err != nil {
		return "", err
	}
	if !opened {
		return "", &inapplicable{fmt.Sprintf("the first connection was accepted, but nothing opened %s until %v later: is it what is loaded at the start?", t.State, t.Settle)}
	}
	return fmt.Sprintf("first connection accepted after %s, while its loader could not read %s", span(took), t.State), nil
}

func (r *runner) acceptBlocked(ctx context.Context, tr *trial, limit time.Duration) (time.Duration, error) {
	c, err := tr.before(ctx)
	if err != nil {
		return 0, err
	}
	d, err := tr.start(ctx)
	if err != nil {
		return 0, err
	}
	if c, err = d.boundWithin(limit, c); err != nil {
		return 0, err
	}
	return d.firstAcceptWithin(limit, c)
}

// endBlocked ends daemons that may not be able to end by themselves.
func (tr *trial) endBlocked() error {
	var err error
	for _, d := range tr.daemons {
		err = errors.Join(err, d.kill())
	}
	return err
}

func (r *runner) checkDrains(ctx context.Context, tr *trial) (string, error) {
	t := tr.lab.t
	if t.Exchange == nil {
		return "", &inapplicable{"it takes a request that can be held back until the signal is sent: name one with --send and --expect"}
	}
	d, err := tr.warm(ctx)
	if err != nil {
		return "", err
	}
	clients, err := tr.dialMany(ctx, d.link, underWay)
	if err != nil {
		return "", err
	}
	if clients, err = d.taken(clients); err != nil {
		return "", err
	}
	if err := d.askWhileStopping(ctx, clients); err != nil {
		return "", err
	}
	return r.endOfDrain(d, len(clients))
}

const (
	// underWay is how many requests are under way at the stop signal, if the daemon
	// accepts that many at once.
	underWay = 8
	// acceptPause is how long it is given to do so.
	acceptPause = 100 * time.Millisecond
)

// taken returns those of clients that the daemon has accepted, at least one. The
// others leave the queue.
func (d *daemon) taken(clients []*client) ([]*client, error) {
	ctx, cancel := within(d.alive, d.trial.lab.t.Start, "it did not accept a connection")
	defer cancel()
	if err := held(ctx, clients[0]); err != nil {
		return nil, err
	}
	ctx, cancel = within(ctx, acceptPause, "")
	defer cancel()
	var list []*client
	for i, c := range clients {
		if i > 0 && held(ctx, c) != nil { // it serves one after the other
			c.close()
			continue
		}
		list = append(list, c)
	}
	return list, nil
}

// askWhileStopping has requests under way when the stop signal comes: all but
// their last byte is sent before. The rest follows when the daemon has had time to end,
// so that one that just exits is found out, however fast it answers.
func (d *daemon) askWhileStopping(ctx context.Context, clients []*client) error {
	t := d.trial.lab.t
	head, tail := t.Exchange.halves()
	if err := sendAll(clients, head); err != nil {
		return err
	}
	d.signal(t.StopSignal)
	d.settle()
	if err := sendAll(clients, tail); err != nil && !closed(err) { // closed: told by what is received
		return err
	}
	ctx, cancel := within(ctx, t.Grace, "")
	defer cancel()
	failed, err := receiveAll(ctx, clients, t.Exchange)
	if err = unserved(failed, len(clients), "answered", err); err != nil {
		return found("of the requests that were under way at %s, %v", unix.SignalName(t.StopSignal), err)
	}
	return nil
}

// endOfDrain looks at how the daemon ended after its last request. One that does not end
// well when idle has failed that check already.
func (r *runner) endOfDrain(d *daemon, requests int) (string, error) {
	answered := fmt.Sprintf("%d of %d requests under way at %s were answered", requests, requests, unix.SignalName(d.trial.lab.t.StopSignal))
	if r.failed[stops] {
		return answered, nil
	}
	exit, ended := d.awaitEnd()
	switch {
	case !ended:
		return "", found("%s, but then it did not end within %v", answered, d.trial.lab.t.Grace)
	case exit.Known && (exit.Code != 0 || exit.Signal != 0):
		return "", found("%s, but then it %v, not with status 0", answered, exit)
	}
	return answered + ", then it exited with status 0", nil
}
