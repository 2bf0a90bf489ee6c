package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// statusOptions are status's flags and argument.
type statusOptions struct {
	name  string
	json  bool
	watch bool
}

func (a *app) status() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:     "status [NAME]",
		Short:   "Show what runs, since when, and why not",
		GroupID: groupLook,
		Long: `Show every service, or one in detail. It changes nothing and starts nothing; if
no broker runs it says so and returns 5.

With --json one object is printed; its fields are added to, never renamed, and
null stands for what is unknown. With --watch it goes on with every change (with
--json: one object a line).`,
		Example: `  daemonry status
  daemonry status gocache
  daemonry status gocache --json | jq -r '.services[0].state'`,
		Args:              someName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.name = first(args)
			b := dialBroker(daemonry.NoStart())
			defer b.Close()
			return a.showStatus(cmd.Context(), b, o)
		},
	}
	jsonFlag(cmd, &o.json)
	cmd.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on with every change")
	return cmd
}

func (a *app) showStatus(ctx context.Context, b *broker, o statusOptions) error {
	if o.watch {
		return a.watchStatus(ctx, b, o)
	}
	s, err := takeSnapshot(ctx, b, o.name)
	if err != nil {
		return err
	}
	return a.printStatus(s, o)
}

// snapshot is what the broker said at one time; with a name, services is that
// one.
type snapshot struct {
	broker   *daemonryv1.BrokerInfo
	services []*daemonryv1.Service
	refused  []*daemonryv1.Refusal
}

// statusWait is how long a broker may take to say how things are, which needs
// nothing but its own memory: one that takes longer is hung or stopped.
const statusWait = 3 * time.Second

// takeSnapshot takes a snapshot of everything, or of the service called name.
func takeSnapshot(ctx context.Context, b *broker, name string) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, statusWait)
	defer cancel()
	s, err := askSnapshot(ctx, b, name)
	if daemonry.CodeOf(err) == daemonry.CodeTimeout {
		return nil, &hintError{err: err, hint: fmt.Sprintf("the broker did not answer for %s; is its process stopped?", span(statusWait))}
	}
	return s, err
}

func askSnapshot(ctx context.Context, b *broker, name string) (*snapshot, error) {
	if name == "" {
		all, err := ask(ctx, b.List, &daemonryv1.ListRequest{})
		if err != nil {
			return nil, running("show the status", "", err)
		}
		return &snapshot{broker: all.GetBroker(), services: all.GetServices(), refused: all.GetRefused()}, nil
	}
	if _, err := daemonry.ParseName(name); err != nil {
		return nil, err
	}
	one, err := ask(ctx, b.Get, &daemonryv1.GetRequest{Name: name})
	if err != nil {
		return nil, running("show the status of", name, err)
	}
	return &snapshot{broker: one.GetBroker(), services: []*daemonryv1.Service{one.GetService()}}, nil
}

func (a *app) printStatus(s *snapshot, o statusOptions) error {
	if o.json {
		return a.printJSON(s, !o.watch)
	}
	_, err := fmt.Fprint(a.out, a.statusText(s, o))
	return err
}

func (c console) statusText(s *snapshot, o statusOptions) string {
	if o.name != "" {
		return c.detail(s.services[0])
	}
	return c.overview(s)
}

// printJSON prints s as one object, indented for people or on one line.
func (a *app) printJSON(s *snapshot, indent bool) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	if indent {
		e.SetIndent("", "  ")
	}
	if err := e.Encode(jsonOfStatus(s)); err != nil {
		return errors.Join(errors.New("cannot print the status"), err)
	}
	return nil
}
