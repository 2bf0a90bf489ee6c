package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

const (
	// sessionBase is how long the directory for temporary files may be, so that
	// endpoints below it fit sun_path with all but the longest names.
	sessionBase     = 24
	sessionFallback = "/tmp"
	// brokerEnd bounds the wait for a broker that has answered Shutdown.
	brokerEnd = 10 * time.Second
)

func (a *app) session() *cobra.Command {
	return &cobra.Command{
		Use:     "session -- COMMAND...",
		Short:   "Run COMMAND with a private broker that ends with it",
		GroupID: groupManage,
		Long: `Run COMMAND with a private broker in private directories, for CI and test suites.
When COMMAND ends, or daemonry itself is killed, the broker, its daemons and the
directories are gone. No service is defined at first.

COMMAND's exit code is returned (128+n if signal n killed it). Failures of
daemonry itself give 125; a COMMAND that is not executable 126, not found 127.`,
		Example:           `  daemonry session -- sh -c 'daemonry add hello -- hellod && go test ./...'`,
		Args:              onlyCommand,
		ValidArgsFunction: cobra.NoFileCompletions,
		Annotations:       map[string]string{annotationRuns: "COMMAND"},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runSession(cmd.Context(), args)
		},
	}
}

// runSession opens a session, runs argv in it and closes it.
func (a *app) runSession(ctx context.Context, argv []string) error {
	path, err := findProgram(argv[0])
	if err != nil {
		return err
	}
	// From here on no signal ends this process before it has cleaned up.
	signals := catchSignals()
	defer signal.Stop(signals)
	s, err := openSession()
	if err != nil {
		return fmt.Errorf("cannot open a session: %w", err)
	}
	err = a.runIn(ctx, s, signals, path, argv)
	return a.closeSession(ctx, s, signals, err)
}

// runIn starts the session's broker, which is what cleans up if this process is
// killed, and then COMMAND.
func (a *app) runIn(ctx context.Context, s *session, signals <-chan os.Signal, path string, argv []string) error {
	if err := s.enter(); err != nil {
		return err
	}
	b := dialBroker()
	defer b.Close()
	if _, err := ask(ctx, b.List, &daemonryv1.ListRequest{}); err != nil {
		return callError("start the session's broker", "", err)
	}
	select {
	case caught := <-signals:
		return signalled(caught)
	default:
		return a.runChild(path, argv, os.Environ())
	}
}

func signalled(s os.Signal) error {
	if n, ok := s.(syscall.Signal); ok {
		return &exitError{code: exitSignal + int(n)}
	}
	return &exitError{code: exitOwn, err: fmt.Errorf("cannot go on: %v", s)}
}

// closeSession ends the broker and removes the directories; a further signal
// cuts the wait short. It returns how the session went.
func (a *app) closeSession(ctx context.Context, s *session, signals <-chan os.Signal, ran error) error {
	ctx, cancel := context.WithCancel(ctx)
	drain(signals)
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := s.Close(ctx)
	cancel()
	<-over
	if ran == nil {
		return err
	}
	if _, commandRan := errors.AsType[*exitError](ran); commandRan && err != nil {
		a.report(err) // COMMAND's exit code goes first
	}
	return ran
}

// drain forgets the signals that COMMAND has already been passed.
func drain(signals <-chan os.Signal) {
	for {
		select {
		case <-signals:
		default:
			return
		}
	}
}

// session is the private directories of one command and the lock that says it
// still runs: a broker that gets the lock knows that nobody is left, and cleans
// up.
type session struct {
	root string
	dirs endpoint.Dirs
	lock *os.File // close-on-exec: COMMAND does not hold it
}

// openSession makes the directories and takes the lock.
func openSession() (*session, error) {
	root, err := os.MkdirTemp(sessionParent(), "dy")
	if err != nil {
		return nil, err
	}
	s := &session{root: root, dirs: endpoint.Dirs{
		Runtime: filepath.Join(root, "r"), Config: filepath.Join(root, "c"), State: filepath.Join(root, "s"),
	}}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(root))
	}
	return s, nil
}

func sessionParent() string {
	if dir := os.TempDir(); len(dir) <= sessionBase {
		return dir
	}
	return sessionFallback
}

func (s *session) prepare() error {
	for _, dir := range []string{s.dirs.Runtime, s.dirs.Private(""), s.dirs.Config, s.dirs.State} {
		if err := endpoint.EnsureDir(dir); err != nil {
			return err
		}
	}
	lock, err := lockSession(s.dirs.Session())
	if err != nil {
		return err
	}
	if _, err := lock.WriteString(s.root); err != nil {
		lock.Close()
		return err
	}
	s.lock = lock
	return nil
}

// enter turns this process's environment, which the broker and COMMAND inherit,
// to the session's directories.
func (s *session) enter() error {
	return errors.Join(
		os.Unsetenv(envDomain),
		os.Setenv(envRuntime, s.dirs.Runtime),
		os.Setenv(envConfig, s.dirs.Config),
		os.Setenv(envState, s.dirs.State),
	)
}

// Close stops the session's daemons and broker and removes its directories. A
// broker that COMMAND killed is started once more: it adopts the daemons that are
// left, and ends them. If a broker does not do as it is asked, giving the lock up
// leaves the rest to it.
func (s *session) Close(ctx context.Context) error {
	defer s.lock.Close()
	_, err := shutdownBroker(ctx, true)
	if dropped(err) { // it was on its way out already
		_, err = shutdownBroker(ctx, true)
	}
	err = callError("end the session's broker", "", err)
	ctx, cancel := context.WithTimeout(ctx, brokerEnd)
	defer cancel()
	if waitErr := waitUnlocked(ctx, s.dirs.Lock()); waitErr != nil {
		return errors.Join(err, fmt.Errorf("cannot end the session's broker: %w", waitErr))
	}
	if removeErr := os.RemoveAll(s.root); removeErr != nil {
		err = errors.Join(err, fmt.Errorf("cannot remove the session's directories: %w", removeErr))
	}
	return err
}
