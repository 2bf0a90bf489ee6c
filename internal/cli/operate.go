package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// lookInterval is how often a command that waits asks what the daemon is doing,
// once the waiting line shows.
const lookInterval = 500 * time.Millisecond

// operation is a call that changes a service and may take a while.
type operation struct {
	verb    string // for errors: "start"
	name    string
	timeout time.Duration
	noStart bool // do not start a broker for it
	call    func(context.Context, *broker) (*daemonryv1.Service, error)
	// done says, in one line, what came of it.
	done func(*daemonryv1.Service) string
}

// operate performs o: it checks the name, calls, tells about the waiting and
// prints what came of it.
func (a *app) operate(ctx context.Context, o operation) error {
	if _, err := daemonry.ParseName(o.name); err != nil {
		return err
	}
	ctx, cancel := limit(ctx, o.timeout)
	defer cancel()
	b := o.dial()
	defer b.Close()
	service, err := a.attended(ctx, b, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s: %s\n", o.name, o.done(service))
	return nil
}

func (o operation) dial() *broker {
	if o.noStart {
		return dialBroker(daemonry.NoStart())
	}
	return dialBroker()
}

func (o operation) explain(err error) error {
	if o.noStart {
		return running(o.verb, o.name, err)
	}
	return callError(o.verb, o.name, err)
}

// attended makes the call with the waiting line beside it. Its error is
// explained.
func (a *app) attended(ctx context.Context, b *broker, o operation) (*daemonryv1.Service, error) {
	w := a.wait(o.name)
	defer w.Close()
	looking, stop := context.WithCancel(ctx)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		look(looking, b, o.name, w)
	}()
	service, err := o.call(ctx, b)
	stop()
	<-gone
	if err != nil {
		return nil, withStatus(o.explain(err), w)
	}
	return service, nil
}

// withStatus adds what the daemon was last known to do to a deadline that
// passed here.
func withStatus(err error, w *waiting) error {
	e, ok := errors.AsType[*daemonry.Error](err)
	if last := w.last(); ok && e.Message == noAnswer && last != "" {
		e.Message += "; last known: " + last
	}
	return err
}

// look keeps w's status up to date until ctx ends.
func look(ctx context.Context, b *broker, name string, w *waiting) {
	ticks := time.NewTicker(lookInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		answer, err := ask(ctx, b.Get, &daemonryv1.GetRequest{Name: name})
		if err == nil {
			s := answer.GetService()
			w.Status(doing(daemonry.State(s.GetState()), s.GetStatus()))
		}
	}
}

// doing is what a daemon says it is doing, or what its state says.
func doing(state daemonry.State, status string) string {
	switch {
	case status != "":
		return status
	case state == daemonry.StateBackoff:
		return "a start failed, pausing before the next"
	}
	return string(state)
}

// running says what runs: "ready, pid 1234".
func runs(s *daemonryv1.Service) string {
	if s.GetPid() == 0 {
		return s.GetState()
	}
	return fmt.Sprintf("%s, pid %d", s.GetState(), s.GetPid())
}
