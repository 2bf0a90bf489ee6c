package measure

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// The names of the sides of a cold start.
const (
	sideOurs      = "Daemonry"
	sideOursSDK   = "Daemonry, SDK daemon"
	sideInherited = "exec with an inherited listener"
	sidePolled    = "spawn, poll every 10 ms"
	sideSystemd   = systemd
	sideGoPlugin  = "hashicorp/go-plugin"
)

// cold: from connect to the first byte of a daemon that does not run yet, with a
// broker that does.
func (b *bench) cold(ctx context.Context, m *result.Measure) error {
	m.Title = "A cold start with the broker running"
	m.Method = "From before connect to the first byte back. The daemon is the same trivial Go program for all (an SDK daemon of the same kind in the line that says so; go-plugin's is its own), " +
		"stopped and gone before each start. The floor connects to a listener and executes the daemon with it, without anything else."
	d, err := b.lab.Domain("cold")
	if err != nil {
		return err
	}
	for name, program := range map[string]string{"p": lab.Plain, "k": lab.SDK} {
		if err := d.Define(name, daemonry.Service{Command: []string{b.lab.Program(program)}}); err != nil {
			return err
		}
	}
	defer d.Shutdown(ctx)
	if err := d.StartBroker(ctx); err != nil {
		return err
	}
	sides := []side{
		{sideOurs, stopped(d, "p")},
		{sideInherited, b.inherited},
		{sideOursSDK, stopped(d, "k")},
		{sidePolled, b.polled},
	}
	sides, end := b.peers(ctx, m, sides)
	defer end()
	if err := inTurn(ctx, m, 0, b.rounds(150, 3), sides); err != nil {
		return err
	}
	m.Compare = []result.Compare{
		{What: "cold start, trivial daemon, against exec with an inherited listener", Ours: sideOurs, Floor: sideInherited, Aim: 1.5},
		{What: "the same, in time more", Ours: sideOurs, Floor: sideInherited, Excess: true, Aim: 1e6},
		{What: "cold start against spawn and poll", Ours: sideOurs, Floor: sidePolled, Aim: 1},
	}
	for _, peer := range []string{sideSystemd, sideGoPlugin} {
		if m.Find(peer, 0) != nil {
			m.Compare = append(m.Compare, result.Compare{What: "cold start against " + peer, Ours: sideOurs, Floor: peer, Aim: aimOver(peer)})
		}
	}
	return nil
}

// aimOver is 1 for whom we mean to be faster than. systemd executes the daemon in the
// place of the process that waited, and then is not there to look after it.
func aimOver(peer string) float64 {
	if peer == sideSystemd {
		return 0
	}
	return 1
}

// stopped dials a service of which no daemon runs, and leaves it so.
func stopped(d *lab.Domain, name string) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		took, err := timed(func() error { return ours(ctx, name) })
		if err != nil {
			return 0, err
		}
		return took, d.Stop(ctx, name)
	}
}

// peers adds what is installed, or could be built. end ends them.
func (b *bench) peers(ctx context.Context, m *result.Measure, sides []side) (all []side, end func()) {
	if _, err := exec.LookPath(systemd); err != nil {
		m.Missing = append(m.Missing, systemd+": not installed")
	} else {
		sides = append(sides, side{sideSystemd, b.systemdActivated})
	}
	plugin, err := b.startGoPlugin(ctx)
	if err != nil {
		m.Missing = append(m.Missing, sideGoPlugin+": could not be built or started")
		b.Log(err.Error())
		return sides, func() {}
	}
	return append(sides, side{sideGoPlugin, plugin.once}), plugin.end
}

// goPlugin is the peer's program, which measures itself: a line in, a time out.
type goPlugin struct {
	process *lab.Proc
	in      *os.File
	out     *bufio.Reader
	close   []io.Closer
}

func (b *bench) startGoPlugin(context.Context) (*goPlugin, error) {
	if b.lab.PeerError != nil {
		return nil, b.lab.PeerError
	}
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer inRead.Close()
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		inWrite.Close()
		return nil, err
	}
	defer outWrite.Close()
	p, err := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.GoPlugin)}, Stdin: inRead, Stdout: outWrite})
	if err != nil {
		inWrite.Close()
		outRead.Close()
		return nil, err
	}
	return &goPlugin{p, inWrite, bufio.NewReader(outRead), []io.Closer{inWrite, outRead}}, nil
}

func (g *goPlugin) once(context.Context) (time.Duration, error) {
	if _, err := g.in.WriteString("go\n"); err != nil {
		return 0, err
	}
	line, err := g.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("it gave no answer: %w", err)
	}
	ns, err := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return time.Duration(ns), err
}

func (g *goPlugin) end() {
	for _, c := range g.close {
		c.Close()
	}
	_ = g.process.Wait() // it ends with its input
}
