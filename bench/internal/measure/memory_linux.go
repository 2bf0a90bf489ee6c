package measure

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/daemonry/daemonry/bench/internal/lab"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// memory: what a broker without services takes.
func (b *bench) memory(ctx context.Context, m *result.Measure) error {
	m.Title = "Memory of a broker without services"
	m.Method = "Resident set of the broker and of a bare Go process with one listener, both read after " + settle.String() + " of quiet. Anonymous memory is what is not pages of the program's own file, which the kernel can drop and read again."
	d, err := b.lab.Domain("memory")
	if err != nil {
		return err
	}
	defer d.Shutdown(ctx)
	for range b.rounds(5, 1) {
		if err := d.StartBroker(ctx); err != nil {
			return err
		}
		pid, err := d.BrokerPID()
		if err != nil {
			return err
		}
		if err := b.addMemory(ctx, m, "broker", pid); err != nil {
			return err
		}
		if err := d.Shutdown(ctx); err != nil {
			return err
		}
		if err := b.bareMemory(ctx, m); err != nil {
			return err
		}
	}
	m.Compare = []result.Compare{
		{What: "memory of an empty broker against a bare Go process with a listener", Ours: "broker, resident", Floor: "bare, resident", Aim: 3},
		{What: "the same without the pages of the programs' files", Ours: "broker, anonymous", Floor: "bare, anonymous"},
	}
	return nil
}

func (b *bench) bareMemory(ctx context.Context, m *result.Measure) error {
	l, err := b.lab.Listen()
	if err != nil {
		return err
	}
	defer discard(l)
	p, err := b.lab.Start(lab.Spec{Argv: []string{b.lab.Program(lab.Plain)}, Files: []int{l.FD()}})
	if err != nil {
		return err
	}
	defer p.End()
	if err := bare(l.Address()); err != nil {
		return err
	}
	return b.addMemory(ctx, m, "bare", p.PID)
}

// settle is how long a process is left alone before its memory is read.
const settle = 300 * time.Millisecond

func (b *bench) addMemory(ctx context.Context, m *result.Measure, name string, pid int) error {
	if err := quiet(ctx, settle); err != nil {
		return err
	}
	resident, anonymous, err := memoryOf(pid)
	m.Add(name+", resident", 0, result.Bytes, float64(resident))
	m.Add(name+", anonymous", 0, result.Bytes, float64(anonymous))
	return err
}

// quiet lets time pass: that nothing happens in it is what is measured.
func quiet(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// memoryOf returns a process's resident memory, and what of it is anonymous, in bytes.
func memoryOf(pid int) (resident, anonymous uint64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, 0, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kib, _ := strconv.ParseUint(fields[1], 10, 64)
		switch fields[0] {
		case "Rss:":
			resident = kib << 10
		case "Anonymous:":
			anonymous = kib << 10
		}
	}
	return resident, anonymous, nil
}

// switchesOf counts how often the threads of a process were taken off the
// processor: one that sleeps has none.
func switchesOf(pid int) (uint64, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("process %d has no threads: %w", pid, os.ErrNotExist)
	}
	var sum uint64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		for _, line := range strings.Split(string(text), "\n") {
			if name, value, _ := strings.Cut(line, ":"); strings.HasSuffix(name, "ctxt_switches") {
				n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
				if err != nil {
					return 0, err
				}
				sum += n
			}
		}
	}
	return sum, nil
}
