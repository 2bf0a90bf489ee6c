package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
)

func (a *app) endpoint() *cobra.Command {
	var o resolving
	cmd := &cobra.Command{
		Use:     "endpoint NAME",
		Short:   "Print a service's endpoint, bound when it returns",
		GroupID: groupUse,
		Long: `Print a service's endpoint: the path of a unix socket, or tcp:HOST:PORT. It is
bound when the command returns, so a connection to it is not refused even if no
daemon runs yet: the connection starts one.`,
		Example: `  curl --unix-socket "$(daemonry endpoint hello)" http://hello/
  daemonry endpoint gocache --wait-ready --timeout 30s`,
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.resolve(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, endpointText(r.Network, r.Address))
			return nil
		},
	}
	o.flags(cmd)
	return cmd
}

// resolving is what the commands that only need an endpoint may be told.
type resolving struct {
	timeout time.Duration
	ready   bool
}

func (o *resolving) flags(cmd *cobra.Command) {
	readyFlag(cmd, &o.ready)
	timeoutFlag(cmd, &o.timeout)
}

// resolve asks for name's endpoint, telling about it where that takes a while.
func (a *app) resolve(ctx context.Context, name string, o resolving) (*daemonry.Resolution, error) {
	ctx, cancel := limit(ctx, o.timeout)
	defer cancel()
	w := a.wait(name)
	defer w.Close()
	var options []daemonry.Option
	if o.ready {
		options = append(options, daemonry.WaitReady(w.Progress))
	}
	return daemonry.Resolve(ctx, name, options...)
}

// Progress takes what the SDK learns while it waits.
func (w *waiting) Progress(p daemonry.Progress) { w.Status(doing(p.State, p.Status)) }

// endpointText is an endpoint as DAEMONRY_ENDPOINT has it: a bare path for a
// unix socket, else network and address.
func endpointText(network, address string) string {
	if network == "unix" {
		return address
	}
	return network + ":" + address
}
