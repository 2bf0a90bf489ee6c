package measure

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/process"
)

// The sides of the contract.
const (
	sideSDK   = "SDK daemon"
	sidePlain = "the same without the SDK"
)

// contract: what package backend costs a daemon.
func (b *bench) contract(ctx context.Context, m *result.Measure) error {
	m.Title = "What the SDK costs a daemon"
	m.Method = "Both programs wait at the gate of internal/process with the same listener, environment and notify socket, and a client is queued; the time is from opening the gate " +
		"(a shell's `read`, then exec) to the first byte. The SDK daemon tells the notify socket two things and listens for recalls meanwhile. " +
		"A request is one byte each way on a connection that stays open."
	err := inTurn(ctx, m, 0, b.rounds(300, 3), []side{
		{sideSDK, b.fromGate(lab.SDK)},
		{sidePlain, b.fromGate(lab.Plain)},
	})
	if err != nil {
		return err
	}
	if err := b.requests(ctx, m); err != nil {
		return err
	}
	for _, name := range []string{lab.SDK, lab.Plain} {
		info, err := os.Stat(b.lab.Program(name))
		if err != nil {
			return err
		}
		m.Facts = append(m.Facts, fmt.Sprintf("the program %s has %.1f MB", name, float64(info.Size())/1e6))
	}
	m.Compare = []result.Compare{
		{What: "exec to first byte, SDK daemon against the same without the SDK", Ours: sideSDK, Floor: sidePlain, Aim: 1.05},
		{What: "the same, in time more", Ours: sideSDK, Floor: sidePlain, Excess: true},
		{What: "a request through an SDK listener against the same without the SDK", Ours: sideSDK + ", one request", Floor: sidePlain + ", one request", Aim: 1.00},
	}
	return nil
}

// A gated daemon is one whose process exists and whose program does not run yet.
type gatedDaemon struct {
	gated    *process.Gated
	listener *endpoint.Listener
	notify   *notify.Socket
}

// gate brings a daemon as far as a broker does before its first instruction.
func (b *bench) gate(program string) (*gatedDaemon, error) {
	l, err := b.lab.Listen()
	if err != nil {
		return nil, err
	}
	socket, err := notify.Listen(b.lab.Path())
	if err != nil {
		discard(l)
		return nil, err
	}
	g, err := process.Start(process.Spec{
		Argv: []string{b.lab.Program(program)}, Umask: 0o022, Files: []int{l.FD()}, ListenFDs: 1,
		Stdout: int(os.Stderr.Fd()), Stderr: int(os.Stderr.Fd()),
		Env: []string{
			"PATH=/usr/bin:/bin", "HOME=/", "PWD=/", "LISTEN_FDS=1", "LISTEN_FDNAMES=unix", "NOTIFY_SOCKET=" + socket.Path(),
			"DAEMONRY_SERVICE=x", "DAEMONRY_GENERATION=1", "DAEMONRY_ENDPOINT=" + l.Address(),
		},
	})
	if err != nil {
		discard(l)
		_ = socket.Remove()
		return nil, err
	}
	return &gatedDaemon{g, l, socket}, nil
}

// run opens the gate, with f called at the same moment, and returns how long both took. The
// daemon runs on.
func (g *gatedDaemon) run(f func() error) (time.Duration, error) {
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for {
			if _, err := g.notify.Receive(); err != nil {
				return
			}
		}
	}()
	served := make(chan error, 1)
	go func() { served <- f() }()
	begun := time.Now()
	if err := g.gated.Open(); err != nil {
		g.listener.Close()
		<-served
		return 0, err
	}
	err := <-served
	took := time.Since(begun)
	_ = g.notify.Remove()
	<-heard
	return took, err
}

// end ends the daemon, whether its gate was opened or not.
func (g *gatedDaemon) end() error {
	defer discard(g.listener)
	if g.notify != nil {
		_ = g.notify.Remove() // a second time does nothing
	}
	p := g.gated.Process()
	defer p.Close()
	if err := p.SignalGroup(syscall.SIGKILL); err != nil {
		return err
	}
	if _, err := p.Wait(context.Background()); err != nil {
		return err
	}
	return p.Reap()
}

func (b *bench) fromGate(program string) func(context.Context) (time.Duration, error) {
	return func(context.Context) (took time.Duration, err error) {
		g, err := b.gate(program)
		if err != nil {
			return 0, err
		}
		defer func() {
			if ended := g.end(); err == nil {
				err = ended
			}
		}()
		return g.run(func() error { return bare(g.listener.Address()) })
	}
}

// requests: one byte each way, again and again, on one connection to each.
func (b *bench) requests(ctx context.Context, m *result.Measure) error {
	var sides []side
	for _, program := range []struct{ file, name string }{{lab.SDK, sideSDK}, {lab.Plain, sidePlain}} {
		g, err := b.gate(program.file)
		if err != nil {
			return err
		}
		defer g.end()
		var conn net.Conn
		_, err = g.run(func() (err error) {
			if conn, err = net.Dial("unix", g.listener.Address()); err != nil {
				return err
			}
			return exchange(conn, make([]byte, 1))
		})
		if err != nil {
			return err
		}
		defer conn.Close()
		buf := make([]byte, 1)
		sides = append(sides, side{program.name + ", one request", func(context.Context) (time.Duration, error) {
			return timed(func() error { return exchange(conn, buf) })
		}})
	}
	return inTurn(ctx, m, 0, b.rounds(50_000, 100), sides)
}
