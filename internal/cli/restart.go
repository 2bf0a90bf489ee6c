package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) restart() *cobra.Command {
	var timeout time.Duration
	var ready bool
	cmd := &cobra.Command{
		Use:     "restart NAME",
		Short:   "Stop and start a daemon; its endpoint stays",
		GroupID: groupManage,
		Long: `Stop and start a daemon. Its endpoint stays: connections that no daemon has
accepted yet wait and are served by the new one. It returns when the new daemon
was spawned, or with --wait-ready when it says that it is ready.`,
		Example:           "  daemonry restart gocache --wait-ready --timeout 30s",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.operate(cmd.Context(), operation{
				verb: "restart", name: args[0], timeout: timeout, done: runs,
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Restart, &daemonryv1.RestartRequest{Name: args[0], WaitReady: ready})
					return answer.GetService(), err
				},
			})
		},
	}
	readyFlag(cmd, &ready)
	timeoutFlag(cmd, &timeout)
	return cmd
}
