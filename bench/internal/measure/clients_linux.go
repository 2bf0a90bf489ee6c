package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// The sides of many clients.
const (
	sideClientsCold = "client processes, nothing running"
	sideClientsLess = "the same less one daemon start"
	sideClientsWarm = "client processes, warm daemon"
)

// clients: many processes at once.
func (b *bench) clients(ctx context.Context, m *result.Measure) error {
	m.Title = "Many client processes at once"
	m.Method = "The processes are started and wait; the time is from releasing all of them to the last one's answer. With nothing running they have to agree on who starts the broker. " +
		"One daemon start, measured in the same round, is subtracted before the quotient is taken."
	d, err := b.lab.Domain("clients")
	if err != nil {
		return err
	}
	if err := d.Define("p", daemonry.Service{Command: []string{b.lab.Program(lab.Plain)}}); err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	sizes := []int{1, 10, 50, 200}
	if b.Quick {
		sizes = []int{1, 8}
	}
	for _, size := range sizes {
		if err := b.clientsOf(ctx, m, d, size); err != nil {
			return err
		}
	}
	most := sizes[len(sizes)-1]
	m.Compare = []result.Compare{
		{What: fmt.Sprintf("%d client processes, nothing running less one daemon start, against a warm daemon", most), Ours: sideClientsLess, Floor: sideClientsWarm, Size: most, Aim: 1.3},
		{What: "the same, in time more", Ours: sideClientsLess, Floor: sideClientsWarm, Size: most, Excess: true},
	}
	return nil
}

func (b *bench) clientsOf(ctx context.Context, m *result.Measure, d *lab.Domain, size int) error {
	rounds := b.rounds(8, 2)
	brokers := d.BrokersStarted()
	for range rounds {
		if err := d.Shutdown(ctx); err != nil {
			return err
		}
		cold, err := b.storm(size)
		if err != nil {
			return err
		}
		s, err := d.Service(ctx, "p")
		if err != nil {
			return err
		}
		if s.Starts != 1 {
			return fmt.Errorf("%d clients started %d daemons, want 1", size, s.Starts)
		}
		warm, err := b.storm(size) // the daemon of the storm before
		if err != nil {
			return err
		}
		start, err := b.inherited(ctx)
		if err != nil {
			return err
		}
		m.AddTime(sideClientsCold, size, cold)
		m.AddTime(sideClientsLess, size, max(cold-start, 0))
		m.AddTime(sideClientsWarm, size, warm)
	}
	started := d.BrokersStarted() - brokers
	if started != rounds {
		return fmt.Errorf("%d rounds started %d brokers", rounds, started)
	}
	m.Facts = append(m.Facts, fmt.Sprintf("%d processes with nothing running, %d times: each time one broker, one daemon, nobody refused", size, rounds))
	return nil
}

// storm starts client processes, releases them at once and waits for their answers.
func (b *bench) storm(size int) (took time.Duration, err error) {
	gateRead, gateWrite, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer gateRead.Close()
	wordRead, wordWrite, err := os.Pipe()
	if err != nil {
		gateWrite.Close()
		return 0, err
	}
	defer wordRead.Close()
	var procs []*lab.Proc
	for range size {
		p, startErr := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.Client), "p"}, Env: daemonryEnvironment(), Stdin: gateRead, Stdout: wordWrite})
		if startErr != nil {
			err = startErr
			break
		}
		procs = append(procs, p)
	}
	wordWrite.Close()
	if err == nil {
		err = words(wordRead, len(procs)) // all are up
	}
	begun := time.Now()
	gateWrite.Close()
	if err == nil {
		err = words(wordRead, len(procs)) // all are done
		took = time.Since(begun)
	}
	for _, p := range procs {
		err = errors.Join(err, p.Wait())
	}
	return took, err
}

// words reads a byte from each of n processes.
func words(r *os.File, n int) error {
	if err := r.SetReadDeadline(time.Now().Add(2 * answerLimit)); err != nil {
		return err
	}
	if _, err := io.ReadFull(r, make([]byte, n)); err != nil {
		return fmt.Errorf("not all of %d clients answered: %w", n, err)
	}
	return nil
}

// daemonryEnvironment is what makes a client find this lab.
func daemonryEnvironment() []string {
	var env []string
	for _, name := range []string{"DAEMONRY_RUNTIME_DIR", "DAEMONRY_CONFIG_DIR", "DAEMONRY_STATE_DIR", "DAEMONRY_DOMAIN", "DAEMONRY_BROKER"} {
		env = append(env, name+"="+os.Getenv(name))
	}
	return env
}
