package conform

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Mode is how the daemon gets its endpoint.
type Mode string

// The modes, as in definitions.
const (
	Inherit Mode = "inherit" // the listener is handed down (LISTEN_FDS)
	Bind    Mode = "bind"    // the daemon binds the path that it is given (DAEMONRY_ENDPOINT)
)

// Defaults of a Target.
const (
	DefaultStarts     = 5
	DefaultStart      = 30 * time.Second       // loading may take arbitrarily long; a test of it may not
	DefaultAnswer     = 5 * time.Second        // what a client of a warm daemon waits at most
	DefaultGrace      = 10 * time.Second       // DESIGN.md §12: stop grace before SIGKILL
	DefaultBindBudget = 500 * time.Millisecond // DESIGN.md §12; the original's probe time-out
	DefaultSettle     = time.Second            // how long something that should not happen is waited for
)

// socketWord stands for the endpoint's path in arguments and environment, as in
// definitions.
const socketWord = "{socket}"

// A Target is the daemon to look at, and what may be asked of it.
type Target struct {
	// Argv is the command; the program is an absolute path. "{socket}" in
	// arguments and Env is replaced by the path of the endpoint.
	Argv []string
	// Env is added to the environment that a broker gives (DESIGN.md §12),
	// "NAME=value".
	Env []string
	// Dir is the working directory; empty: "/".
	Dir string
	// Modes are what to look at, in this order; empty: Inherit.
	Modes []Mode
	// Endpoint is the public path, in a directory that is the user's alone, for
	// programs whose configuration names it; empty: one in a temporary directory.
	Endpoint string
	// State is the file that the daemon loads; empty: not known. During one check
	// it is replaced by a FIFO that nobody writes to, and put back.
	State string
	// Exchange is a request and its answer; nil: none is known.
	Exchange *Exchange
	// Probe is a command that makes a request, run with DAEMONRY_ENDPOINT set; exit
	// status 0 means that it was answered well. Empty: none. It is used where
	// there is no Exchange.
	Probe []string
	// StopSignal asks the daemon to end; 0: SIGTERM.
	StopSignal syscall.Signal
	// Starts is how often the daemon is started to measure it; 0: DefaultStarts.
	Starts int
	// Limits; 0: the defaults above. Start is how long the daemon may take from exec to
	// its first accept and to readiness, Answer how long to answer once it
	// is ready, Grace how long to end, BindBudget how long from exec to
	// listening in mode bind (the median counts), Settle how long the kit waits to see that
	// nothing happens.
	Start, Answer, Grace, BindBudget, Settle time.Duration
	// Skip names checks that are left out, because the daemon's author knows
	// that they do not hold.
	Skip []string
}

// An Exchange is a request and what its answer contains.
type Exchange struct {
	Send   []byte // empty: the daemon speaks first
	Expect []byte // empty: any answer of at least a byte
}

// A TargetError says why a Target makes no sense.
type TargetError struct{ Err error }

func (e *TargetError) Error() string { return "cannot run the conformance kit: " + e.Err.Error() }
func (e *TargetError) Unwrap() error { return e.Err }

// filled is t with its defaults.
func (t Target) filled() Target {
	if len(t.Modes) == 0 {
		t.Modes = []Mode{Inherit}
	}
	if t.StopSignal == 0 {
		t.StopSignal = syscall.SIGTERM
	}
	if t.Starts == 0 {
		t.Starts = DefaultStarts
	}
	for _, limit := range []struct {
		value  *time.Duration
		orElse time.Duration
	}{{&t.Start, DefaultStart}, {&t.Answer, DefaultAnswer}, {&t.Grace, DefaultGrace}, {&t.BindBudget, DefaultBindBudget}, {&t.Settle, DefaultSettle}} {
		if *limit.value == 0 {
			*limit.value = limit.orElse
		}
	}
	return t
}

func (t Target) check() error {
	switch {
	case len(t.Argv) == 0:
		return errors.New("there is no command")
	case !filepath.IsAbs(t.Argv[0]):
		return fmt.Errorf("the command %q is not an absolute path", t.Argv[0])
	case t.Starts < 1:
		return fmt.Errorf("%d starts measure nothing", t.Starts)
	case t.Endpoint != "" && !filepath.IsAbs(t.Endpoint):
		return fmt.Errorf("the endpoint %q is not an absolute path", t.Endpoint)
	case min(t.Start, t.Answer, t.Grace, t.BindBudget, t.Settle) < 0:
		return errors.New("a limit is negative")
	}
	for i, mode := range t.Modes {
		if mode != Inherit && mode != Bind || slices.Contains(t.Modes[:i], mode) {
			return fmt.Errorf("the mode %q is unknown or named twice: %s and %s can be looked at", mode, Inherit, Bind)
		}
	}
	for _, name := range t.Skip {
		if _, ok := find(name); !ok {
			return fmt.Errorf("there is no check %q to leave out; there are %s", name, strings.Join(names(), ", "))
		}
	}
	return t.checkState()
}

// checkState refuses what could not be put back.
func (t Target) checkState() error {
	if t.State == "" {
		return nil
	}
	if !filepath.IsAbs(t.State) {
		return fmt.Errorf("the state %q is not an absolute path", t.State)
	}
	if _, err := os.Lstat(t.State + aside); err == nil {
		return fmt.Errorf("%s is what a run that was cut short put aside: move it back to %s first", t.State+aside, t.State)
	}
	info, err := os.Lstat(t.State)
	switch {
	case errors.Is(err, os.ErrNotExist):
		_, err = os.Stat(filepath.Dir(t.State))
		return err
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("the state %s is not a regular file: name the file that the daemon opens first", t.State)
	}
	return nil
}
