package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// request is what a client sends, if that is known.
func (t Target) request() []byte {
	if t.Exchange == nil {
		return nil
	}
	return t.Exchange.Send
}

// asks reports whether a request is known.
func (t Target) asks() bool { return t.Exchange != nil || len(t.Probe) > 0 }

// serve has a new client of d served: its request answered, or where none is
// known its connection accepted. It says which.
func (d *daemon) serve(limit time.Duration) (string, error) {
	t := d.trial.lab.t
	ctx, cancel := within(d.alive, limit, "it did not answer a request")
	defer cancel()
	if t.Exchange == nil && len(t.Probe) > 0 {
		return "answered", d.probe(ctx)
	}
	c, err := d.trial.dial(ctx, d.link)
	if err != nil {
		return "", err
	}
	defer c.close()
	if t.Exchange != nil {
		return "answered", c.ask(ctx, t.Exchange)
	}
	_, err = accepted(ctx, c)
	if e, ok := errors.AsType[*limitError](err); ok {
		err = &limitError{"it did not accept a connection", e.limit}
	}
	return "accepted", err
}

// probe runs the user's command.
func (d *daemon) probe(ctx context.Context) error {
	argv := d.trial.lab.t.Probe
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "DAEMONRY_ENDPOINT="+d.link)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return found("the probe failed: %v%s", err, lastLine(out.String()))
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}

// serveAll has clients served that have connected already and, with a request known,
// have sent it: sendAll.
func (d *daemon) serveAll(clients []*client, limit time.Duration) (string, error) {
	t := d.trial.lab.t
	ctx, cancel := within(d.alive, limit, "")
	defer cancel()
	if t.Exchange == nil {
		left, err := accepted(ctx, clients...)
		return "accepted", unserved(left, len(clients), "accepted", err)
	}
	failed, err := receiveAll(ctx, clients, t.Exchange)
	return "answered", unserved(failed, len(clients), "answered", err)
}

// unserved puts into words that some of many clients were not served.
func unserved(left, all int, how string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*limitError](err); ok {
		return found("%d of %d were not %s within %v", left, all, how, e.limit)
	}
	return fmt.Errorf("%d of %d were not %s: %w", left, all, how, err)
}

func sendAll(clients []*client, request []byte) error {
	for _, c := range clients {
		if err := c.send(request); err != nil {
			return err
		}
	}
	return nil
}

// receiveAll waits for all answers, and counts those that were not as expected.
func receiveAll(ctx context.Context, clients []*client, x *Exchange) (failed int, first error) {
	results := make(chan error)
	for _, c := range clients {
		go func() {
			err := c.receive(ctx, x)
			c.close()
			results <- err
		}()
	}
	for range clients {
		if err := <-results; err != nil {
			failed++
			first = err
		}
	}
	return failed, first
}
