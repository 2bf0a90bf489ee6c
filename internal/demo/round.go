package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/process"
)

// mode is what happens to the daemon during a round.
type mode int

const (
	plain mode = iota
	killing
)

// targets are built at once: programs of this repository that share packages.
func targets() []string {
	return []string{"./cmd/fastbind", "./examples/hello", "./examples/hello/client"}
}

// round runs the builds at once and tells how they went.
func (d *demo) round(ctx context.Context, number int, title string, m mode) error {
	d.say("\n%d. %s: %d builds at once", number, title, len(targets()))
	before := d.stats(ctx)
	began := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan []error, 1)
	go func() { ended <- d.buildAll(ctx, number) }()
	failures, killed, err := d.attend(ctx, ended, before, m)
	if err != nil {
		return err
	}
	after := d.stats(ctx)
	d.say("   %s   %d of %d builds failed   hits %d   misses %d   stored %d",
		seconds(time.Since(began)), len(failures), len(targets()),
		since(after.Hits, before.Hits, m), since(after.Misses, before.Misses, m), since(after.Puts, before.Puts, m))
	d.failed += len(failures)
	if m == killing && !killed {
		failures = append(failures, errors.New("the builds were over before the daemon could be killed in the middle"))
	}
	return errors.Join(append(failures, d.seen.look(ctx))...)
}

// since is what a counter gained in a round; a daemon that was killed began
// anew.
func since(after, before uint64, m mode) uint64 {
	if m == killing || after < before {
		return after
	}
	return after - before
}

// attend shows progress until the builds end, and in mode killing ends the
// daemon once it has served a part of them.
func (d *demo) attend(ctx context.Context, ended <-chan []error, before stats, m mode) (failures []error, killed bool, err error) {
	began := time.Now()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	next := 5 * time.Second
	for {
		select {
		case failures := <-ended:
			return failures, killed, nil
		case <-ctx.Done():
			return nil, killed, ctx.Err()
		case <-ticker.C:
		}
		if m == killing && !killed {
			if s := d.stats(ctx); s.Hits > before.Hits+20 {
				if err := d.kill(ctx); err != nil {
					return nil, false, err
				}
				killed = true
			}
		}
		if took := time.Since(began); took > next {
			s := d.stats(ctx)
			d.say("   %s   … %d objects stored", seconds(took), s.Objects)
			next += 5 * time.Second
		}
	}
}

// buildAll runs all builds at once and returns the failures.
func (d *demo) buildAll(ctx context.Context, number int) []error {
	var wg sync.WaitGroup
	errs := make([]error, len(targets()))
	for i, target := range targets() {
		wg.Go(func() { errs[i] = d.build(ctx, target, strconv.Itoa(number)+"-"+strconv.Itoa(i)) })
	}
	wg.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func (d *demo) build(ctx context.Context, target, name string) error {
	out := filepath.Join(d.Work, "out", name)
	cmd := d.goCommand(ctx, d.env, "build", "-o", out+string(filepath.Separator), target)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build of %s failed: %w\n%s", target, err, bytes.TrimSpace(output))
	}
	return nil
}

// goCommand is the Go toolchain in the repository.
func (d *demo) goCommand(ctx context.Context, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = d.Repository, env
	return cmd
}

// kill ends the daemon without a word to it.
func (d *demo) kill(ctx context.Context) error {
	s, err := d.seen.service(ctx)
	if err != nil {
		return err
	}
	id, err := process.IdentityOf(int(s.Pid))
	if err != nil {
		return fmt.Errorf("cannot kill the daemon: %w", err)
	}
	p, err := process.Attach(id)
	if err != nil {
		return fmt.Errorf("cannot kill the daemon: %w", err)
	}
	defer p.Close()
	d.say("   killing the daemon, pid %d, while builds use it", s.Pid)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("cannot kill the daemon: %w", err)
	}
	return nil
}
