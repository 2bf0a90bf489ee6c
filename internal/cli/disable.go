package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) disable() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "disable NAME",
		Short:   "Stop a daemon and keep it down until enable",
		GroupID: groupManage,
		Long: `Stop a daemon and keep it down: clients are told at once that the service is
disabled, until 'daemonry enable' allows it again.`,
		Example:           "  daemonry disable gocache",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.operate(cmd.Context(), operation{
				verb: "disable", name: args[0], timeout: timeout,
				done: func(*daemonryv1.Service) string { return "disabled" },
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Disable, &daemonryv1.DisableRequest{Name: args[0]})
					return answer.GetService(), err
				},
			})
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}
