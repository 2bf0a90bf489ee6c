package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) stop() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "stop NAME",
		Short:   "Stop a daemon; the next client starts it again",
		GroupID: groupManage,
		Long: `Stop a daemon: it is asked to end, and killed if it does not within its grace
period. The endpoint stays, and the next client starts the daemon again; to keep
it down, see 'daemonry disable'.`,
		Example:           "  daemonry stop gocache",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.operate(cmd.Context(), operation{
				verb: "stop", name: args[0], timeout: timeout, noStart: true,
				done: func(*daemonryv1.Service) string { return "stopped" },
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Stop, &daemonryv1.StopRequest{Name: args[0]})
					return answer.GetService(), err
				},
			})
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}
