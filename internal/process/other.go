//go:build !linux

package process

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// Nothing of this file was run. What is missing for macOS: identity by
// sysctl(kern.proc.pid), waiting by kqueue's EVFILT_PROC, limits by ulimit in the
// gate's script.

// Process is a process that is held.
type Process struct{ id Identity }

// Gated is a process that waits for Open or Abort.
type Gated struct{ process *Process }

// unsupported says that this system offers no way, or none that was built here.
func unsupported(what string) error {
	return fmt.Errorf("cannot %s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}

func identityOf(int) (Identity, error) { return Identity{}, unsupported("identify processes") }

func check(Identity) error { return unsupported("identify processes") }

func start(s Spec) (*Gated, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("cannot start a command: %w", err)
	}
	return nil, unsupported("start " + s.Argv[0] + " in " + s.dir())
}

func (g *Gated) open() error { return unsupported("open a gate") }

func (g *Gated) abort() error { return unsupported("give up a gate") }

func left(int) bool { return true }

func attach(Identity) (*Process, error) { return nil, unsupported("hold processes") }

func (p *Process) wait(context.Context) (Exit, error) {
	return Exit{}, unsupported("wait for processes")
}

func (p *Process) reap() error { return unsupported("reap processes") }

func (p *Process) signal(syscall.Signal) error { return unsupported("signal processes") }

func (p *Process) signalGroup(syscall.Signal) error { return unsupported("signal processes") }

func (p *Process) close() {}

func usage(int) (uint64, time.Duration, error) { return 0, 0, unsupported("measure processes") }

func command(int) string { return "" }

func holders(uint64, uint64) ([]int, error) { return nil, unsupported("find holders of a file") }

func closeInherited([]int) error { return unsupported("list descriptors") }

func resetSignals() error { return unsupported("reset signals") }

func nameOf(syscall.Signal) string { return "" }
