package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) enable() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "enable NAME",
		Short:   "Undo disable, and clear a failure",
		GroupID: groupManage,
		Long: `Undo 'daemonry disable', and clear a failure. Nothing is started: the next client
does that.`,
		Example:           "  daemonry enable gocache",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.operate(cmd.Context(), operation{
				verb: "enable", name: args[0], timeout: timeout,
				done: func(*daemonryv1.Service) string { return "enabled" },
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Enable, &daemonryv1.EnableRequest{Name: args[0]})
					return answer.GetService(), err
				},
			})
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}
