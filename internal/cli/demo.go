package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry/internal/demo"
)

// demoModule is the module whose clone the demo builds.
const demoModule = "github.com/daemonry/daemonry"

func (a *app) demo() *cobra.Command {
	var inside bool
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Build this repository through a brokered cache, killing its daemon",
		GroupID: groupUse,
		Long: `Build this repository with the Go toolchain, several builds at once, through a
build cache whose daemon is reached by name: with an empty cache, with a full
one, and once more while the daemon is killed. It needs a clone of the repository
and Go, takes about a minute, and leaves nothing behind.`,
		Example: "  go run ./cmd/daemonry demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if inside {
				return a.runDemo(cmd.Context())
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("cannot find this program: %w", err)
			}
			if _, err := repository(cmd.Context()); err != nil {
				return err
			}
			return a.runSession(cmd.Context(), []string{self, "demo", "--in-session"})
		},
	}
	cmd.Flags().BoolVar(&inside, "in-session", false, "")
	_ = cmd.Flags().MarkHidden("in-session")
	return cmd
}

// runDemo runs the demo in the session that this process is the command of.
func (a *app) runDemo(ctx context.Context) error {
	root, err := repository(ctx)
	if err != nil {
		return err
	}
	work := filepath.Join(os.Getenv(envState), "demo")
	if err := os.MkdirAll(filepath.Join(work, "out"), 0o700); err != nil {
		return fmt.Errorf("cannot prepare: %w", err)
	}
	return demo.Run(ctx, demo.Options{Repository: root, Work: work, Out: a.out})
}

// repository is the clone that the working directory is in.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	path, dir, ok := bytes.Cut(bytes.TrimSpace(out), []byte(" "))
	if err != nil || !ok || string(path) != demoModule {
		return "", &hintError{
			err:  errors.New("cannot run the demo: this is no clone of " + demoModule),
			hint: "clone it, and in the clone: go run ./cmd/daemonry demo",
		}
	}
	return string(dir), nil
}
