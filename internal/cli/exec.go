package cli

import (
	"os"

	"github.com/spf13/cobra"
)

func (a *app) exec() *cobra.Command {
	var o resolving
	cmd := &cobra.Command{
		Use:     "exec NAME -- COMMAND...",
		Short:   "Run COMMAND with DAEMONRY_ENDPOINT set",
		GroupID: groupUse,
		Long: `Run COMMAND with DAEMONRY_ENDPOINT set to the service's endpoint, which is bound
by then, and return COMMAND's exit code (128+n if signal n killed it). Failures
of daemonry itself give 125; a COMMAND that is not executable 126, not found 127.

Signals sent to daemonry are passed on to COMMAND.`,
		Example:           `  daemonry exec hello -- sh -c 'nc -U "$DAEMONRY_ENDPOINT"'`,
		Args:              nameAndCommand,
		ValidArgsFunction: a.completeName,
		Annotations:       map[string]string{annotationRuns: "COMMAND"},
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := findProgram(args[1])
			if err != nil {
				return err
			}
			r, err := a.resolve(cmd.Context(), args[0], o)
			if err != nil {
				return err
			}
			env := append(os.Environ(), envEndpoint+"="+endpointText(r.Network, r.Address))
			return a.runChild(path, args[1:], env)
		},
	}
	o.flags(cmd)
	return cmd
}
