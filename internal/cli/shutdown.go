package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) shutdown() *cobra.Command {
	var timeout time.Duration
	var all bool
	cmd := &cobra.Command{
		Use:     "shutdown",
		Short:   "End the broker; its daemons go on unless --all is given",
		GroupID: groupManage,
		Long: `End the broker. Its daemons go on serving, and the broker that the next client
starts adopts them. With --all every daemon is stopped first.`,
		Example: "  daemonry shutdown --all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := limit(cmd.Context(), timeout)
			defer cancel()
			return a.endBroker(ctx, all)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "stop every daemon first")
	timeoutFlag(cmd, &timeout)
	return cmd
}

func (a *app) endBroker(ctx context.Context, all bool) error {
	const op = "shut down the broker"
	dirs, err := endpoint.Locate()
	if err != nil {
		return fmt.Errorf("cannot %s: %w", op, err)
	}
	w := a.wait("the broker")
	defer w.Close()
	stopped, err := shutdownBroker(ctx, all, daemonry.NoStart())
	if err != nil {
		return running(op, "", err)
	}
	if err := waitUnlocked(ctx, dirs.Lock()); err != nil {
		return fmt.Errorf("cannot %s: it has answered but not ended: %w", op, err)
	}
	w.Close()
	fmt.Fprint(a.out, "broker: ended")
	if all {
		fmt.Fprintf(a.out, ", %s stopped", count(stopped, "daemon"))
	}
	fmt.Fprintln(a.out)
	return nil
}

// shutdownBroker asks the broker to end and says how many daemons it stopped.
// Its error is that of the call.
func shutdownBroker(ctx context.Context, all bool, options ...daemonry.Option) (uint32, error) {
	b := dialBroker(options...)
	defer b.Close()
	answer, err := ask(ctx, b.Shutdown, &daemonryv1.ShutdownRequest{All: all})
	return answer.GetStopped(), err
}
