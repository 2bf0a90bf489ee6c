package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// findProgram returns the path of COMMAND's first word. Its errors carry the
// exit codes 126 and 127.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", &exitError{code: exitNotFound, err: fmt.Errorf("cannot run %s: not found", name)}
	}
	return "", &exitError{code: exitNotExecutable, err: fmt.Errorf("cannot run %s: %w", name, reason(err))}
}

// reason is err without the words that exec.Error and fs.PathError put before it.
func reason(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		err = e.Err
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return err
}

// runChild runs argv with this process's standard streams until it ends, and
// passes signals on to it meanwhile. It returns nil for exit code 0, else an
// *exitError.
func (a *app) runChild(path string, argv, env []string) error {
	// The kernel ends the child when the thread that forked it is gone
	// (PR_SET_PDEATHSIG): stay on that thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	child := &exec.Cmd{Path: path, Args: argv, Env: env, Stdin: a.in, Stdout: a.out, Stderr: a.err, SysProcAttr: childAttributes()}
	signals := catchSignals() // before the start: none may end us and leave the child
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return startError(argv[0], err)
	}
	ended := make(chan struct{})
	passing := make(chan struct{})
	go func() {
		defer close(passing)
		passSignals(child.Process, signals, ended)
	}()
	err := child.Wait()
	close(ended)
	<-passing
	return childError(argv[0], err)
}

func startError(name string, err error) error {
	code := exitNotExecutable
	if errors.Is(err, fs.ErrNotExist) { // the interpreter of its first line
		code = exitNotFound
	}
	return &exitError{code: code, err: fmt.Errorf("cannot run %s: %w", name, reason(err))}
}

// childError turns the end of a child into this process's own.
func childError(name string, err error) error {
	if err == nil {
		return nil
	}
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return fmt.Errorf("cannot wait for %s: %w", name, err)
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &exitError{code: exitSignal + int(status.Signal())}
	}
	return &exitError{code: ended.ExitCode()}
}

// catchSignals catches what is to be passed on. Signals that this process was
// told to ignore (nohup) stay ignored, here and in the child.
func catchSignals() chan os.Signal {
	signals := make(chan os.Signal, 8)
	for _, s := range passedSignals() {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return signals
}

// passSignals sends the child what arrives, except what the terminal has
// already sent to it.
func passSignals(child *os.Process, signals <-chan os.Signal, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case s := <-signals:
			if !fromTerminal(s) {
				_ = child.Signal(s) // it may just have ended
			}
		}
	}
}
