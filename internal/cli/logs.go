package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// followLines is how many of the last lines logs -f begins with.
const followLines = 10

func (a *app) logs() *cobra.Command {
	var follow bool
	var lines uint32
	cmd := &cobra.Command{
		Use:     "logs NAME",
		Short:   "Show what a daemon printed",
		GroupID: groupLook,
		Long: fmt.Sprintf(`Show what a daemon printed to its standard output and error, as it is. Without -n
all that is kept; with -f the last %d lines and then what follows, over restarts
and rotations.`, followLines),
		Example: `  daemonry logs gocache -n 50
  daemonry logs gocache -f`,
		Args:              oneName,
		ValidArgsFunction: a.completeName,
		RunE: func(cmd *cobra.Command, args []string) error {
			if follow && !cmd.Flags().Changed("lines") {
				lines = followLines
			}
			return a.showLog(cmd.Context(), &daemonryv1.LogsRequest{Name: args[0], Follow: follow, Lines: lines})
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is printed from now on")
	cmd.Flags().Uint32VarP(&lines, "lines", "n", 0, "begin with the last `N` lines (default: all)")
	return cmd
}

func (a *app) showLog(ctx context.Context, request *daemonryv1.LogsRequest) error {
	name, err := daemonry.ParseName(request.GetName())
	if err != nil {
		return err
	}
	b := dialBroker(daemonry.NoStart())
	defer b.Close()
	stream, err := b.Logs(ctx, connect.NewRequest(request))
	if err != nil {
		return withLogFile(name, running("read the log of", request.GetName(), err))
	}
	defer stream.Close()
	for stream.Receive() {
		if _, err := a.out.Write(stream.Msg().GetData()); err != nil {
			return fmt.Errorf("cannot write the log: %w", err)
		}
	}
	return withLogFile(name, running("read the log of", request.GetName(), stream.Err()))
}

// withLogFile names the log in the hint when there is no broker to read it.
func withLogFile(name daemonry.Name, err error) error {
	h, ok := errors.AsType[*hintError](err)
	dirs, locateErr := endpoint.Locate()
	if !ok || locateErr != nil {
		return err
	}
	for _, version := range []string{"", name.Version} {
		file := filepath.Join(dirs.State, "logs", endpoint.Key(name.Service, version, name.Instance)+".log")
		if _, err := os.Stat(file); err == nil {
			return &hintError{err: h.err, hint: "the log is in " + file}
		}
	}
	return err
}
