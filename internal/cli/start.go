package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) start() *cobra.Command {
	var timeout time.Duration
	var ready bool
	cmd := &cobra.Command{
		Use:     "start NAME",
		Short:   "Start a daemon without a client",
		GroupID: groupManage,
		Long: `Start a daemon without a client. It returns when the daemon was spawned, or
with --wait-ready when it says that it is ready. A failed service is tried again
at once; a disabled one is refused.`,
		Example:           "  daemonry start gocache --wait-ready --timeout 30s",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.operate(cmd.Context(), operation{
				verb: "start", name: args[0], timeout: timeout, done: runs,
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Start, &daemonryv1.StartRequest{Name: args[0], WaitReady: ready})
					return answer.GetService(), err
				},
			})
		},
	}
	readyFlag(cmd, &ready)
	timeoutFlag(cmd, &timeout)
	return cmd
}
