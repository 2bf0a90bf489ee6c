package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	daemonbroker "github.com/daemonry/daemonry/internal/broker"
)

func (a *app) broker() *cobra.Command {
	return &cobra.Command{
		Use:     "broker",
		Short:   "Run the broker in the foreground; it otherwise starts by itself",
		GroupID: groupManage,
		Long: `Run the broker in the foreground, with its log on standard error. There is no
need to: a broker starts by itself, in the background, with the first client. It
ends on SIGINT and SIGTERM; its daemons go on, and the next broker adopts them.`,
		Example: "  daemonry broker",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runBroker(cmd.Context())
		},
	}
}

// runBroker is the broker's life, in the foreground or as a client started it.
func (a *app) runBroker(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := daemonbroker.Run(ctx, daemonbroker.Options{
		Version:    ownBuild().Version,
		Log:        a.err,
		Foreground: os.Getenv(envInherit) != "1",
	})
	if errors.Is(err, daemonbroker.ErrRunning) {
		return &hintError{
			err:  fmt.Errorf("cannot run the broker: %w", err),
			hint: "'daemonry status' shows it; 'daemonry shutdown' ends it, its daemons go on",
		}
	}
	if err != nil {
		return fmt.Errorf("cannot run the broker: %w", err)
	}
	return nil
}
