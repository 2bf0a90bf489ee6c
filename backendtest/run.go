package backendtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/conform"
)

// A Mode is how a daemon gets its endpoint.
type Mode string

// The modes, as in definitions.
const (
	Inherit Mode = "inherit" // the listener is handed down (LISTEN_FDS)
	Bind    Mode = "bind"    // the daemon binds the path that it is given (DAEMONRY_ENDPOINT)
)

// A Command is a daemon, and what the kit may ask of it. Args is all that it needs;
// every zero value below makes sense.
type Command struct {
	// Args are the program, looked up as os/exec does, and its arguments.
	// "{socket}" in arguments and Env is replaced by the path of the endpoint.
	Args []string
	// Env is added to what a broker gives to daemons, which is not this process's
	// environment: "NAME=value".
	Env []string
	// Dir is the working directory; empty: "/", as a broker's daemons have.
	Dir string
	// Modes to look at; empty: both.
	Modes []Mode
	// Endpoint is the endpoint's path, in a directory that is the user's alone, for
	// daemons whose configuration names it; empty: a temporary one.
	Endpoint string
	// State is the file that the daemon loads first, for the check that its endpoint
	// does not wait for that: it is replaced by a FIFO meanwhile. Empty: the check
	// does not apply.
	State string
	// Send is a request and Expect what the answer contains. Empty Send: the
	// daemon speaks first. Both empty: no byte is ever sent, and checks that need a
	// request do not apply.
	Send, Expect string
	// Probe is a command that makes a request, run with DAEMONRY_ENDPOINT set, and exits
	// with 0 if it was answered well. For daemons whose protocol is not said in
	// two strings.
	Probe []string
	// StopSignal asks the daemon to end; 0: SIGTERM.
	StopSignal syscall.Signal
	// Starts is how many starts are measured; 0: 5.
	Starts int
	// Start is how long it may take until it accepts, and until it is ready; 0: 30 s.
	Start time.Duration
	// Answer is how long a request may take once it is ready; 0: 5 s.
	Answer time.Duration
	// Grace is how long it may take to end; 0: 10 s.
	Grace time.Duration
	// BindBudget is how long it may take from exec to listening in mode Bind, in the
	// median of Starts; 0: 500 ms.
	BindBudget time.Duration
	// Settle is how long the kit waits to see that nothing happens; 0: 1 s.
	Settle time.Duration
	// Skip names checks that the daemon is known not to pass.
	Skip []string
}

// Run checks the daemon. It returns when everything that it started has ended.
func Run(t *testing.T, c Command) {
	t.Helper()
	target, err := c.target()
	if err != nil {
		t.Fatal(err)
	}
	report, err := conform.Run(t.Context(), target, func(r conform.Result) {
		t.Run(string(r.Mode)+"/"+r.Name, func(t *testing.T) { tell(t, r) })
	})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range report.Timings {
		t.Logf("%s: exec to %s: median %.1f ms, at most %.1f ms in %d starts", m.Mode, strings.ReplaceAll(m.What, "_", " "), m.P50, m.Max, m.Starts)
	}
}

// tell turns a result into the end of a subtest.
func tell(t *testing.T, r conform.Result) {
	t.Helper()
	switch r.Status {
	case conform.Fail:
		t.Errorf("%s\nwhy:  %s (%s)\nhint: %s%s", r.Detail, r.Why, r.Promise, r.Hint, quote(r.Output))
	case conform.NotApplicable:
		t.Skip("not applicable: " + r.Detail)
	case conform.Warn:
		t.Logf("warning: %s\nhint: %s", r.Detail, r.Hint)
	case conform.Pass:
		t.Logf("%s (%.1f ms)", r.Detail, r.Millis)
	}
}

func quote(output string) string {
	if output == "" {
		return "\nit printed nothing"
	}
	return "\nit printed last:\n" + strings.TrimRight("  | "+strings.ReplaceAll(output, "\n", "\n  | "), " |\n")
}

func (c Command) target() (conform.Target, error) {
	t := conform.Target{
		Argv: append([]string(nil), c.Args...), Env: c.Env, Dir: c.Dir, Endpoint: c.Endpoint, Probe: c.Probe,
		StopSignal: c.StopSignal, Starts: c.Starts, Skip: c.Skip,
		Start: c.Start, Answer: c.Answer, Grace: c.Grace, BindBudget: c.BindBudget, Settle: c.Settle,
		Modes: []conform.Mode{conform.Inherit, conform.Bind},
	}
	if len(c.Modes) > 0 {
		t.Modes = nil
	}
	for _, mode := range c.Modes {
		t.Modes = append(t.Modes, conform.Mode(mode))
	}
	if c.Send != "" || c.Expect != "" {
		t.Exchange = &conform.Exchange{Send: []byte(c.Send), Expect: []byte(c.Expect)}
	}
	return t, c.locate(&t)
}

// locate makes paths absolute, as the daemon's directory is another.
func (c Command) locate(t *conform.Target) (err error) {
	if len(c.Args) == 0 {
		return errors.New("backendtest.Command.Args is empty")
	}
	if t.Argv[0], err = exec.LookPath(c.Args[0]); err != nil {
		return fmt.Errorf("cannot run the daemon: %w", err)
	}
	if t.Argv[0], err = filepath.Abs(t.Argv[0]); err != nil {
		return err
	}
	if c.State != "" {
		t.State, err = filepath.Abs(c.State)
	}
	if c.Dir != "" && err == nil {
		t.Dir, err = filepath.Abs(c.Dir)
	}
	if err == nil && t.Dir != "" {
		_, err = os.Stat(t.Dir)
	}
	return err
}
