package measure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/internal/journal"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
	"github.com/daemonry/daemonry/internal/watch"
)

// budget: what a cold start is made of, line by line, each step on its own.
func (b *bench) budget(ctx context.Context, m *result.Measure) error {
	m.Title = "The steps of a cold start, one by one"
	m.Method = "Each step of a start is carried out by itself in the benchmark's process, with the packages that the broker uses; the whole is measured in the same rounds. " +
		"What the steps do not add up to is scheduling between processes, the state machine and what the broker does beside them."
	d, err := b.lab.Domain("budget")
	if err != nil {
		return err
	}
	if err := d.Define("p", daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}}); err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	if err := d.StartBroker(ctx); err != nil {
		return err
	}
	event, endEvent, err := b.eventSide()
	if err != nil {
		return err
	}
	defer endEvent()
	s := &steps{program: b.lab.Program(lab.Plain), at: b.lab.Path()}
	if err := os.Mkdir(s.at, 0o700); err != nil {
		return err
	}
	for range b.rounds(150, 2) {
		if err := b.wholeStart(ctx, m, d); err != nil {
			return err
		}
		if err := inTurn(ctx, m, 0, 1, []side{{"1 connection to event (epoll)", event}}); err != nil {
			return err
		}
		if err := b.stepsOnce(m, s); err != nil {
			return err
		}
		if err := inTurn(ctx, m, 0, 1, []side{{"floor: fork, exec, first byte", b.inherited}}); err != nil {
			return err
		}
	}
	m.Compare = []result.Compare{
		{What: "what is ours of a cold start, in time", Ours: sideWhole, Floor: "floor: fork, exec, first byte", Excess: true, Aim: 0.8e6},
	}
	return nil
}

const sideWhole = "whole: Dial to first byte"

// wholeStart is one cold start, with the broker's own word on how far it was when
// the gate opened.
func (b *bench) wholeStart(ctx context.Context, m *result.Measure, d *lab.Domain) error {
	took, err := timed(func() error { return ours(ctx, "p") })
	if err != nil {
		return err
	}
	s, err := d.Service(ctx, "p")
	if err != nil {
		return err
	}
	m.AddTime(sideWhole, 0, took)
	if s.Phases != nil && s.Phases.SpawnMs != nil {
		m.Add("of it, from the decision to the open gate", 0, result.Nanoseconds, *s.Phases.SpawnMs*1e6)
	}
	return d.Stop(ctx, "p")
}

// eventSide is the time from a connection to the watcher's event.
func (b *bench) eventSide() (once func(context.Context) (time.Duration, error), end func(), err error) {
	l, err := b.lab.Listen()
	if err != nil {
		return nil, nil, err
	}
	events := make(chan time.Time, 1)
	w, err := watch.New(func(uint64) { events <- time.Now() })
	if err != nil {
		discard(l)
		return nil, nil, err
	}
	end = func() {
		_ = w.Close()
		discard(l)
	}
	if err := w.Add(l.FD(), 1); err != nil {
		end()
		return nil, nil, err
	}
	return func(ctx context.Context) (time.Duration, error) {
		if err := w.Arm(l.FD(), 1); err != nil {
			return 0, err
		}
		begun := time.Now()
		conn, err := net.Dial("unix", l.Address())
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		var at time.Time
		select {
		case at = <-events:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		accepted, err := l.Accept()
		if err != nil {
			return 0, err
		}
		return at.Sub(begun), os.NewFile(uintptr(accepted), "accepted").Close()
	}, end, nil
}

// steps carries out the steps of a start, each generation with its own number.
type steps struct {
	program    string
	at         string // directory of what is made
	generation uint64
}

// stepsOnce goes through a start as the broker does, with a clock between.
func (b *bench) stepsOnce(m *result.Measure, s *steps) (err error) {
	s.generation++
	clock := time.Now()
	lap := func(name string) {
		if name != "" { // else it is no part of a start
			m.AddTime(name, 0, time.Since(clock))
		}
		clock = time.Now()
	}
	if err := process.CheckCommand([]string{s.program}); err != nil {
		return err
	}
	lap("2 check the command")
	log, _, err := journal.Open(filepath.Join(s.at, "log"), 0, 0)
	if err != nil {
		return err
	}
	defer log.Close()
	lap("3 open the log")
	socket, err := notify.Listen(fmt.Sprintf("%s/%d.notify", s.at, s.generation))
	if err != nil {
		return err
	}
	defer socket.Remove()
	lap("4 bind the notify socket")
	lock, err := record.Create(s.at, "p", s.generation)
	if err != nil {
		return err
	}
	defer lock.Close()
	lap("5 create the generation's lock")
	return b.gateSteps(s, int(lock.File().Fd()), lap)
}

func (b *bench) gateSteps(s *steps, lock int, lap func(string)) error {
	l, err := b.lab.Listen()
	if err != nil {
		return err
	}
	defer discard(l)
	lap("")
	g, err := process.Start(process.Spec{
		Argv: []string{s.program}, Umask: 0o022, Files: []int{l.FD(), lock}, ListenFDs: 1,
		Stdout: int(os.Stderr.Fd()), Stderr: int(os.Stderr.Fd()), Env: []string{"PWD=/", "LISTEN_FDS=1"},
	})
	if err != nil {
		return err
	}
	lap("6 fork the shell, limits, pidfd, identity")
	d := &gatedDaemon{gated: g, listener: l}
	err = record.Write(s.at, "p", record.Record{
		Service: "p", Generation: s.generation, Phase: "starting", Identity: g.Process().Identity(), UID: os.Getuid(),
		Endpoint: l.Address(), Mode: "inherit", Command: []string{s.program}, Broker: os.Getpid(), CreatedAt: time.Now(),
		Listeners: []record.Listener{{Name: "unix", Network: "unix", Address: l.Address()}},
	})
	lap("7 write the record")
	if err == nil {
		served := make(chan error, 1)
		go func() { served <- bare(l.Address()) }()
		if err = g.Open(); err != nil {
			l.Close()
		}
		err = errors.Join(err, <-served)
		lap("8 open gate, exec, first byte")
	}
	err = errors.Join(err, d.end(), record.Remove(s.at, "p", s.generation))
	return err
}
