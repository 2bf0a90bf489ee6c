package measure

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// inherited is the floor of every start: a connection to a listener, then fork and
// exec of the daemon with it, then the first byte.
func (b *bench) inherited(context.Context) (time.Duration, error) {
	l, err := b.lab.Listen()
	if err != nil {
		return 0, err
	}
	defer discard(l)
	return b.activate(l, func() error { return bare(l.Address()) })
}

// activate starts the daemon on a listener as soon as clients began to connect, and
// ends it.
func (b *bench) activate(l *endpoint.Listener, clients func() error) (time.Duration, error) {
	served := make(chan error, 1)
	begun := time.Now()
	go func() { served <- clients() }()
	p, err := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.Plain)}, Files: []int{l.FD()}})
	if err != nil {
		l.Close() // ends the wait of those who are queued
		<-served
		return 0, err
	}
	defer p.End()
	err = <-served
	return time.Since(begun), err
}

func discard(l *endpoint.Listener) {
	l.Close()
	os.Remove(l.Address())
}

// pollEvery is the usual pause of hand-written clients.
const pollEvery = 10 * time.Millisecond

// polled is what tools without a broker do: start the daemon, which binds for
// itself, and try every 10 ms.
func (b *bench) polled(ctx context.Context) (time.Duration, error) {
	path := b.lab.Path()
	defer os.Remove(path)
	begun := time.Now()
	p, err := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.Plain), path}})
	if err != nil {
		return 0, err
	}
	defer p.End()
	for try := time.NewTicker(pollEvery); ; {
		err := bare(path)
		if err == nil || time.Since(begun) > answerLimit {
			try.Stop()
			return time.Since(begun), err
		}
		select {
		case <-try.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

const systemd = "systemd-socket-activate"

// systemdActivated is the same daemon behind systemd's own activation.
func (b *bench) systemdActivated(ctx context.Context) (time.Duration, error) {
	program, err := exec.LookPath(systemd)
	if err != nil {
		return 0, err
	}
	path := b.lab.Path()
	defer os.Remove(path)
	// Its words, a line for each start, are of no interest.
	p, err := b.lab.Start(lab.Spec{Argv: []string{program, "-l", path, b.lab.Program(lab.Plain)}, Env: []string{"SYSTEMD_LOG_LEVEL=err"}})
	if err != nil {
		return 0, err
	}
	defer p.End()
	if err := listening(ctx, path); err != nil {
		return 0, err
	}
	return timed(func() error { return bare(path) })
}

// listening waits until somebody listens at path, without connecting.
func listening(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	for try := time.NewTicker(time.Millisecond); ; {
		table, err := sockdiag.Listeners()
		if err != nil {
			try.Stop()
			return err
		}
		inode, err := sockdiag.OfPath(path)
		if _, there := table[inode]; err == nil && there {
			try.Stop()
			return nil
		}
		select {
		case <-try.C:
		case <-ctx.Done():
			try.Stop()
			return fmt.Errorf("nobody listens at the path: %w", fs.ErrNotExist)
		}
	}
}
