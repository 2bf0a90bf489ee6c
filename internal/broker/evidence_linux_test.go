package broker

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/process"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// aUnit makes a unit in a broker that serves nobody. Its daemon is gone when the
// test ends.
func aUnit(t *testing.T, s daemonry.Service) *unit {
	t.Helper()
	root, err := os.MkdirTemp("", "dmb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	for name, dir := range map[string]string{"RUNTIME": "run", "CONFIG": "config", "STATE": "state"} {
		t.Setenv("DAEMONRY_"+name+"_DIR", filepath.Join(root, dir))
	}
	t.Chdir("/") // prepare goes there
	opt := Options{Foreground: true, Log: io.Discard}
	dirs, err := prepare()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBroker(context.Background(), opt, dirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := b.makeUnitLocked(daemonry.Name{Service: "under-test"}, definition.Definition{Name: "under-test", Service: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		u.remove()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := u.awaitGone(ctx); err != nil {
			t.Error(err)
		}
		u.close()
		b.end()
		b.watcher.Close()
		b.running.Wait()
	})
	return u
}

// nextEvent waits for an event of a type.
func nextEvent(t *testing.T, w *watcher, typ string) *daemonryv1.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		e, err := w.next(ctx)
		if err != nil {
			t.Fatalf("no event %s: %v", typ, err)
		}
		if e.Type == typ {
			return e
		}
	}
}

// A daemon that loads for long and says nothing is told about, with what it is
// doing, and nobody touches it: neither by the signals that end programs, nor by
// one that it does not catch.
func TestSlowStartOnlyTells(t *testing.T) {
	sleep := []string{"/bin/sleep", "600"}
	dies := []string{"/bin/sh", "-c", "trap 'exit 3' QUIT; while :; do sleep 0.05; done"} // as Go programs do
	for name, c := range map[string]struct {
		command []string
		signal  string
	}{
		"none": {sleep, ""}, "not caught": {sleep, "SIGUSR1"}, "fatal": {sleep, "SIGQUIT"}, "caught and fatal": {dies, "SIGQUIT"},
	} {
		t.Run(name, func(t *testing.T) {
			u := aUnit(t, daemonry.Service{
				Command: c.command, Ready: daemonry.ReadyNotify,
				Process: daemonry.Process{StackSignal: c.signal},
			})
			e, p := slowStart(t, u)
			if !strings.Contains(e.Error.GetOutput(), "sleep") {
				t.Errorf("event %v", e)
			}
			u.mu.Lock()
			questioned := p.questioned
			u.mu.Unlock()
			if err := p.process.Identity().Check(); err != nil || questioned {
				t.Errorf("the daemon: %v, still questioned: %v", err, questioned)
			}
		})
	}
}

// slowStart has a unit's daemon called slow, and waits until that was told and
// done with.
func slowStart(t *testing.T, u *unit) (*daemonryv1.Event, *running) {
	t.Helper()
	policy := lifecycle.PolicyOf(u.def.Service)
	policy.SlowStart = 300 * time.Millisecond
	u.machine.SetPolicy(policy)
	w := u.b.hub.add()
	u.begin()
	u.event(demandOf(true))
	e := nextEvent(t, w, lifecycle.EventSlowStart)
	u.b.hub.remove(w)
	u.mu.Lock()
	p := u.procs[e.Generation]
	u.mu.Unlock()
	for {
		u.mu.Lock()
		done := !p.questioned
		u.mu.Unlock()
		if done {
			return e, p
		}
		if !p.pause(t.Context(), time.Millisecond) {
			t.Fatal("the daemon ended")
		}
	}
}

// A signal that the definition names and the daemon catches has it print its
// stacks while it goes on.
func TestSlowStartAsksWhoCatches(t *testing.T) {
	u := aUnit(t, daemonry.Service{
		Command: []string{"/bin/sh", "-c", "trap 'echo here are my stacks' USR1; while :; do sleep 0.05; done"}, Ready: daemonry.ReadyNotify,
		Process: daemonry.Process{StackSignal: "SIGUSR1"},
	})
	_, p := slowStart(t, u)
	text, err := os.ReadFile(p.logPath)
	if err != nil || !strings.Contains(string(text), "here are my stacks") {
		t.Errorf("log %q, %v", text, err)
	}
	if err := p.process.Identity().Check(); err != nil {
		t.Error(err)
	}
}

// What a program is tells how to ask it for its stacks.
func TestIsGo(t *testing.T) {
	if !isGo(os.Getpid(), nil) {
		t.Error("this test is not a Go program")
	}
	gated, err := process.Start(process.Spec{Argv: []string{"/bin/sleep", "600"}})
	if err != nil {
		t.Fatal(err)
	}
	p := gated.Process()
	defer p.Close()
	if isGo(p.Identity().PID, nil) {
		t.Error("/bin/sh is a Go program")
	}
	if err := gated.Abort(); err != nil {
		t.Error(err)
	}
}
