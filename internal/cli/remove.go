package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func (a *app) remove() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Stop a service and remove its definition",
		GroupID: groupManage,
		Long: `Stop a service, withdraw its endpoint and remove its definition from the config
directory. What the daemon stored is left alone.`,
		Example:           "  daemonry remove gocache",
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			var file string
			return a.operate(cmd.Context(), operation{
				verb: "remove", name: args[0], timeout: timeout,
				done: func(*daemonryv1.Service) string { return removed(file) },
				call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
					answer, err := ask(ctx, b.Remove, &daemonryv1.RemoveRequest{Name: args[0]})
					file = answer.GetFile()
					return nil, err
				},
			})
		},
	}
	timeoutFlag(cmd, &timeout)
	return cmd
}

func removed(file string) string {
	if file == "" {
		return "removed (a client had brought its definition)"
	}
	return "removed " + file
}
