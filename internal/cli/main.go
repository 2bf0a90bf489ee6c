package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"
)

// Main runs the command line args (without the program's name) on the process's
// own standard streams and returns the exit code.
func Main(args []string) int {
	useOwnBroker()
	return run(context.Background(), systemConsole(), args)
}

// useOwnBroker makes an autostart use this very program, so that command line
// and broker are of one build, unless the user chose another.
func useOwnBroker() {
	if os.Getenv(envBroker) != "" {
		return
	}
	if self, err := os.Executable(); err == nil {
		os.Setenv(envBroker, self)
	}
}

// app is one run of the command line.
type app struct {
	console
	// started says that a command's own code was reached; whatever failed
	// before is the usage.
	started bool
}

func run(ctx context.Context, c console, args []string) int {
	a := &app{console: c}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // never nil: cobra would take os.Args
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	return a.fail(cmd, err)
}

// fail reports err and returns the exit code.
func (a *app) fail(cmd *cobra.Command, err error) int {
	if !a.started {
		err = &usageError{cmd: cmd, err: err}
	}
	if cmd.Annotations[annotationRuns] != "" {
		err = asOwnFailure(err)
	}
	a.report(err)
	return exitCode(err)
}
