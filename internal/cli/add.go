package cli

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// addOptions are add's flags.
type addOptions struct {
	service daemonry.Service
	env     []string // NAME=VALUE
	replace bool
	dryRun  bool
	timeout time.Duration
}

func (a *app) add() *cobra.Command {
	var o addOptions
	cmd := &cobra.Command{
		Use:     "add NAME [flags] -- COMMAND...",
		Short:   "Define a service",
		GroupID: groupManage,
		Long: `Write a definition into the config directory and have the broker load it. The
service's endpoint is bound when the command returns; nothing is started until
the first client comes.

In COMMAND the words {state_dir} {runtime_dir} {instance} {version} {socket} {port}
{home} are replaced. A COMMAND that is not a path is looked up now, in PATH.`,
		Example: `  daemonry add gocache --idle 30m -- /usr/local/bin/gocached --dir '{state_dir}'
  daemonry add redis --mode bind -- redis-server --port 0 --unixsocket '{socket}'
  daemonry add hello --dry-run -- hellod`,
		Args: nameAndCommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.define(cmd.Context(), args[0], args[1:], o)
		},
	}
	o.flags(cmd)
	return cmd
}

// define fills the service in and has the broker write it down.
func (a *app) define(ctx context.Context, name string, command []string, o addOptions) error {
	if !daemonry.ValidService(name) {
		return &usageError{err: fmt.Errorf("cannot add %q: a service name is 1 to 64 of a-z, 0-9 and '-'", name)}
	}
	if err := o.fill(command); err != nil {
		return &usageError{err: fmt.Errorf("cannot add %s: %w", name, err)}
	}
	toml, err := definition.Format(o.service)
	if err != nil {
		return &usageError{err: fmt.Errorf("cannot add %s: %w", name, err)}
	}
	if o.dryRun {
		_, err := a.out.Write(toml)
		return err
	}
	return a.apply(ctx, &daemonryv1.ApplyRequest{Name: name, Toml: string(toml), Replace: o.replace}, o.timeout)
}

func (a *app) apply(ctx context.Context, request *daemonryv1.ApplyRequest, timeout time.Duration) error {
	file := ""
	err := a.operate(ctx, operation{
		verb: "add", name: request.GetName(), timeout: timeout,
		done: func(*daemonryv1.Service) string { return "added " + file },
		call: func(ctx context.Context, b *broker) (*daemonryv1.Service, error) {
			answer, err := ask(ctx, b.Apply, request)
			file = answer.GetFile()
			return answer.GetService(), err
		},
	})
	if daemonry.CodeOf(err) == daemonry.CodeBusy && !strings.Contains(err.Error(), "--replace") {
		return &hintError{err: err, hint: "--replace puts the new definition in its place"}
	}
	return err
}

// fill completes the service from what flags cannot hold.
func (o *addOptions) fill(command []string) error {
	program, err := absolute(command[0])
	if err != nil {
		return err
	}
	o.service.Command = append([]string{program}, command[1:]...)
	for _, assignment := range o.env {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return fmt.Errorf("--env %s: NAME=VALUE is wanted", assignment)
		}
		if o.service.Process.Env == nil {
			o.service.Process.Env = map[string]string{}
		}
		o.service.Process.Env[name] = value
	}
	return nil
}

// absolute finds the program that a person at this terminal means. The broker
// has another directory and PATH, so a definition needs the absolute path. One
// that begins with a {word} is absolute once that is replaced.
func absolute(program string) (string, error) {
	if strings.HasPrefix(program, "{") || filepath.IsAbs(program) {
		return program, nil
	}
	path, err := exec.LookPath(program)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", fmt.Errorf("cannot find %s: %w", program, reason(err))
	}
	return filepath.Abs(path)
}
