package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

const (
	// watchDelay is how long a daemon may be silent before connect asks the
	// broker how its start is going; a warm daemon answers sooner, and the broker
	// never hears of it.
	watchDelay = 100 * time.Millisecond
	// causeWait bounds the search for the reason of a connection that was reset:
	// the broker may learn of the daemon's end a moment later.
	causeWait  = 500 * time.Millisecond
	causeEvery = 50 * time.Millisecond
)

func (a *app) connect() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "connect NAME",
		Short:   "Copy standard input to a daemon and the daemon to standard output",
		GroupID: groupUse,
		Long: `Connect to a daemon, copy standard input to it and what it sends to standard
output. The end of standard input closes only that direction; the command ends
when the daemon closes its own.

While the daemon has sent nothing, a start that fails ends the command with what
the daemon printed last. --timeout bounds the time until it is ready or sends its
first byte, not the conversation.`,
		Example: `  printf 'GET / HTTP/1.0\r\n\r\n' | daemonry connect hello
  ssh -o ProxyCommand='daemonry connect sshd' localhost`,
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.converse(cmd.Context(), args[0], timeout)
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}

// converse connects to name and copies until both are done.
func (a *app) converse(ctx context.Context, name string, timeout time.Duration) error {
	starting, cancel := limit(ctx, timeout)
	defer cancel()
	w := a.wait(name)
	defer w.Close()
	conn, err := daemonry.Dial(starting, name)
	if err != nil {
		return err
	}
	defer conn.Close()
	watching, heard := context.WithCancel(starting)
	trouble, watched := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(watched)
		trouble <- watchStart(watching, name, w)
	}()
	err = exchange(conn, a.in, a.out, trouble, func() { heard(); w.Close() })
	heard()
	<-watched
	return explain(ctx, name, err)
}

// watchStart watches the start of a daemon that has not been heard of and
// returns why it failed; nil once it is ready, ctx is cancelled because it was
// heard of, or nothing can be learned.
func watchStart(ctx context.Context, name string, w *waiting) error {
	patience := time.NewTimer(watchDelay)
	defer patience.Stop()
	select {
	case <-ctx.Done():
	case <-patience.C:
	}
	_, err := daemonry.Resolve(ctx, name, daemonry.WaitReady(w.Progress))
	if err == nil {
		w.Close()
	}
	return aboutStart(err)
}

// aboutStart keeps the errors that say that no answer will come. That no broker
// answers says nothing about a daemon that was reached.
func aboutStart(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	switch daemonry.CodeOf(err) {
	case daemonry.CodeStartFailed, daemonry.CodeFailed, daemonry.CodeDisabled, daemonry.CodeUnknownService, daemonry.CodeTimeout:
		return err
	}
	return nil
}

// explain looks for the reason of a conversation that ended without a byte from
// the daemon; any other end is what it is. A daemon may close a connection
// without a word for good reasons, so a clean end is looked into once and is no
// error if nothing is known to be wrong; a reset is looked into for causeWait.
func explain(ctx context.Context, name string, err error) error {
	silent, ok := errors.AsType[*silentError](err)
	if !ok {
		return err
	}
	if cause := findCause(ctx, name, silent.clean()); cause != nil {
		return cause
	}
	if silent.clean() {
		return nil
	}
	return fmt.Errorf("cannot talk to %s: %w", name, silent.err)
}

// findCause asks a running broker, once or for causeWait, whether and why the
// service is down; nil if it is not, or nobody knows.
func findCause(ctx context.Context, name string, once bool) error {
	ctx, cancel := context.WithTimeout(ctx, causeWait)
	defer cancel()
	b := dialBroker(daemonry.NoStart())
	defer b.Close()
	ticks := time.NewTicker(causeEvery)
	defer ticks.Stop()
	for {
		answer, err := ask(ctx, b.Get, &daemonryv1.GetRequest{Name: name})
		cause := downCause(name, answer.GetService())
		if cause != nil || err != nil || once {
			return cause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
	}
}

// downCause is the error of a service that is down; nil for any other.
func downCause(name string, s *daemonryv1.Service) error {
	switch daemonry.State(s.GetState()) {
	case daemonry.StateFailed, daemonry.StateDisabled, daemonry.StateBackoff:
		if e := s.GetError(); e != nil {
			return named(fromProto(e), "connect to", name)
		}
	}
	return nil
}

// named fills in what e leaves open.
func named(e *daemonry.Error, op, service string) *daemonry.Error {
	if e.Op == "" {
		e.Op = op
	}
	if e.Service == "" {
		e.Service = service
	}
	return e
}
