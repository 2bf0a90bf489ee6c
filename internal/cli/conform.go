package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry/internal/conform"
)

// conformOptions are conform's flags and arguments.
type conformOptions struct {
	target       conform.Target
	mode         string
	send, expect string
	asks         bool // one of the two was given
	probe        string
	stopSignal   string
	json         bool
	junit        string
	list         bool
}

func (a *app) conform() *cobra.Command {
	var o conformOptions
	cmd := &cobra.Command{
		Use:     "conform [flags] -- COMMAND...",
		Short:   "Check from outside that a daemon keeps the contract",
		GroupID: groupLook,
		Long: `Start COMMAND as a broker would, several times, watch it from outside, and say
which of the rules for daemons it keeps: any program, in any language. No broker
and no definition is needed.

No byte is sent to the daemon unless --send names one. Checks that need a request
take --send and --expect, or --probe; without these they do not apply. In --send
and --expect \n, \r, \t, \0, \\ and \xHH are understood. "{socket}" in COMMAND is
replaced by the path of the endpoint.

COMMAND is run with the environment and in the directory (/) that a broker gives.
Exit code 0: no check failed; 1: some did.`,
		Example: `  daemonry conform -- /usr/local/bin/hellod
  daemonry conform --mode both --state /srv/db --send 'ping\n' --expect pong -- xd
  daemonry conform --stop-signal QUIT --env NGINX=3: --junit out.xml -- nginx ...`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return cobra.NoArgs(cmd, args)
			}
			return onlyCommand(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.list {
				return a.listChecks()
			}
			o.asks = cmd.Flags().Changed("send") || cmd.Flags().Changed("expect")
			if err := o.complete(args); err != nil {
				return err
			}
			return a.runConform(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	return cmd
}

func (o *conformOptions) flags(cmd *cobra.Command) {
	f, t := cmd.Flags(), &o.target
	f.SortFlags = false
	f.StringVar(&o.mode, "mode", "inherit", "how it gets its endpoint: inherit, bind or both")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"inherit", "bind", "both"}, cobra.ShellCompDirectiveNoFileComp))
	f.StringVar(&t.State, "state", "", "the `FILE` that it loads first; a FIFO takes its place for a while")
	f.StringVar(&o.send, "send", "", "a request, as `TEXT` (empty: the daemon speaks first)")
	f.StringVar(&o.expect, "expect", "", "`TEXT` that the answer contains")
	f.StringVar(&o.probe, "probe", "", "a shell `COMMAND` that makes a request at $DAEMONRY_ENDPOINT")
	f.StringArrayVar(&t.Env, "env", nil, "set `NAME=VALUE` in its environment (repeatable)")
	f.StringVar(&t.Dir, "dir", "", "its working directory (default: /)")
	f.StringVar(&t.Endpoint, "endpoint", "", "the endpoint's `PATH`, where its configuration names it")
	f.StringVar(&o.stopSignal, "stop-signal", "", "the signal that asks it to end (default: SIGTERM)")
	f.IntVar(&t.Starts, "starts", conform.DefaultStarts, "how many starts are measured")
	f.DurationVar(&t.Start, "start", conform.DefaultStart, "how long it may take to accept and to be ready")
	f.DurationVar(&t.Answer, "answer", conform.DefaultAnswer, "how long an answer may take once it is ready")
	f.DurationVar(&t.Grace, "grace", conform.DefaultGrace, "how long it may take to end")
	f.DurationVar(&t.BindBudget, "bind-budget", conform.DefaultBindBudget, "how long it may take to listen, with --mode bind")
	f.StringArrayVar(&t.Skip, "skip", nil, "leave out a `CHECK` (repeatable)")
	jsonFlag(cmd, &o.json)
	f.StringVar(&o.junit, "junit", "", "also write a report as JUnit XML to `FILE`")
	f.BoolVar(&o.list, "list", false, "list the checks and why they matter, and run nothing")
}

// complete turns flags and arguments into a target.
func (o *conformOptions) complete(argv []string) error {
	t := &o.target
	path, err := findProgram(argv[0])
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	t.Argv = append([]string{path}, argv[1:]...)
	for _, path := range []*string{&t.State, &t.Dir} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if err := o.exchange(); err != nil {
		return &usageError{err: err}
	}
	return o.modes()
}

func (o *conformOptions) exchange() error {
	if o.probe != "" {
		o.target.Probe = []string{"/bin/sh", "-c", o.probe}
	}
	if !o.asks {
		return nil
	}
	send, err := conform.Unescape(o.send)
	if err != nil {
		return fmt.Errorf("cannot read --send: %w", err)
	}
	expect, err := conform.Unescape(o.expect)
	if err != nil {
		return fmt.Errorf("cannot read --expect: %w", err)
	}
	o.target.Exchange = &conform.Exchange{Send: send, Expect: expect}
	return nil
}

func (o *conformOptions) modes() (err error) {
	switch o.mode {
	case "inherit", "bind":
		o.target.Modes = []conform.Mode{conform.Mode(o.mode)}
	case "both":
		o.target.Modes = []conform.Mode{conform.Inherit, conform.Bind}
	default:
		return &usageError{err: fmt.Errorf("--mode is inherit, bind or both, not %q", o.mode)}
	}
	if o.stopSignal != "" {
		if o.target.StopSignal, err = conform.SignalByName(o.stopSignal); err != nil {
			return &usageError{err: err}
		}
	}
	return nil
}

// runConform runs the kit and reports.
func (a *app) runConform(ctx context.Context, o conformOptions) error {
	var junit *os.File
	if o.junit != "" { // first: it is a pity to learn later that it cannot be written
		var err error
		if junit, err = os.Create(o.junit); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
		defer junit.Close()
	}
	if err := conform.Seclude(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	show := a.showResult(o)
	report, err := conform.Run(ctx, o.target, show)
	if err != nil {
		return conformError(err)
	}
	if junit != nil {
		if err := errors.Join(report.WriteJUnit(junit), junit.Close()); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
	}
	if err := a.concludeConform(o, report); err != nil {
		return err
	}
	if !report.Passed {
		return &exitError{code: exitFailed}
	}
	return nil
}

func conformError(err error) error {
	var wrong *conform.TargetError
	switch {
	case errors.As(err, &wrong):
		return &usageError{err: err}
	case errors.Is(err, context.Canceled):
		return errors.New("cannot finish the checks: interrupted")
	}
	return err
}

// showResult shows results as they come, unless they come as JSON at the end.
func (a *app) showResult(o conformOptions) func(conform.Result) {
	if o.json {
		return nil
	}
	fmt.Fprintf(a.out, "%s\n", wrapped(a.width, "", strings.Join(o.target.Argv, " ")))
	mode := conform.Mode("")
	return func(r conform.Result) {
		if r.Mode != mode {
			mode = r.Mode
			fmt.Fprintf(a.out, "\n%s\n", a.paint(styleBold, "mode "+string(mode)))
		}
		fmt.Fprint(a.out, a.resultText(r))
	}
}

func (a *app) concludeConform(o conformOptions, report conform.Report) error {
	if !o.json {
		_, err := fmt.Fprint(a.out, a.conclusion(report))
		return err
	}
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(report); err != nil {
		return errors.Join(errors.New("cannot print the report"), err)
	}
	return nil
}
