//go:build linux

package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/record"
)

// The names of these tests are those of the original contract, where it has
// them; docs/CONTRACT.md answers its clauses.

// minimal is the smallest daemon; it counts on nothing but its arguments.
type minimal struct{}

func (minimal) Bind(e Endpoint) (net.Listener, error) { return Listen(e) }

func (minimal) Serve(ctx context.Context, _ net.Listener) error {
	<-ctx.Done()
	return nil
}

// That it compiles is the proof: neither receiver nor argument can hold state.
func TestBindReturnsListenerFromEndpointOnly(t *testing.T) {
	p := newPlace(t)
	bind := func(c interface {
		Bind(Endpoint) (net.Listener, error)
	},
	) (net.Listener, error) {
		return c.Bind(p.e)
	}
	l, err := bind(minimal{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Addr().String(); got != p.e.String() {
		t.Errorf("bound at %s, want %s", got, p.e)
	}
}

func TestABackendWithAFieldDoesNotCompile(t *testing.T) {
	cmd := exec.Command("go", "vet", "./testdata/stateful")
	out, err := cmd.CombinedOutput()
	const want = "daemon does not satisfy backend.Contract (daemon missing in ~struct{})"
	if err == nil || !strings.Contains(string(out), want) {
		t.Fatalf("%v, %s, want %q", err, out, want)
	}
	source, err := os.ReadFile("contract.go")
	if err != nil || !strings.Contains(string(source), want) {
		t.Errorf("the doc comment of Contract does not quote the compiler: %v", err)
	}
}

func TestBindAloneYieldsAListeningEndpoint(t *testing.T) {
	p := newPlace(t)
	l, err := minimal{}.Bind(p.e)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p.dial() // nobody serves, and nobody is refused
	if err := listening(l); err != nil {
		t.Error(err)
	}
	info, err := os.Lstat(p.e.address)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestBootstrapCallsBindThenServe(t *testing.T) {
	t.Run("started by a broker", func(t *testing.T) {
		p := newPlace(t)
		env := []string{
			"DAEMONRY_SERVICE=test", "DAEMONRY_GENERATION=7", "DAEMONRY_ENDPOINT=" + p.e.String(),
			"DAEMONRY_RECORD=" + record.Path(p.private(), "test", 7), "TRACE_DIR=" + p.private(),
		}
		lock := p.lock(7)
		d := p.start("trace", env, lock)
		lock.Close() // from now on it is the daemon's alone
		d.expect("bind, record starting, locked true (<nil>)")
		d.expect("serve, record bound, locked true (<nil>), generation 7")
		if m := p.next(); !m.Bound || m.BindTime <= 0 {
			t.Errorf("told %+v, want the phase bound and the time", m)
		}
		r, err := record.Read(record.Path(p.private(), "test", 7))
		if err != nil || r.BindMicros <= 0 || r.Endpoint != p.e.String() || len(r.Listeners) != 1 || r.Listeners[0].Address != p.e.address {
			t.Errorf("record %+v, %v", r, err)
		}
		d.stop()
	})
	t.Run("by hand", func(t *testing.T) {
		p := newPlace(t)
		d := p.start("trace", []string{"DAEMONRY_ENDPOINT=" + p.e.String(), "TRACE_DIR=" + p.private()})
		d.expect("bind, record none (0, <nil>)")
		d.expect("serve, record bound, locked true (<nil>), generation 1")
		entries, err := record.List(p.private())
		if err != nil || len(entries) != 1 || entries[0].Key != "test" || entries[0].Record.PID != d.cmd.Process.Pid {
			t.Fatalf("%+v, %v", entries, err)
		}
		if v, err := record.Judge(entries[0].Record, entries[0].LockPath); v != record.Live {
			t.Errorf("the record is %s, %v", v, err)
		}
		d.stop()
		if exists(p.e.address) || exists(entries[0].Path) || exists(entries[0].LockPath) {
			t.Error("the daemon left its socket or its record behind")
		}
	})
}

func TestBootstrapPropagatesBindFailureWithoutInvokingServe(t *testing.T) {
	for role, c := range map[string]struct {
		kind    Kind
		message string
	}{
		"failing bind":   {KindOther, "bind error: ENDPOINT: policy says no"},
		"panicking bind": {KindOther, "bind error: ENDPOINT: the method Bind panicked: no state here"},
		"nil bind":       {KindOther, "bind error: ENDPOINT: the method Bind returned neither a listener nor an error"},
		"elsewhere":      {KindOther, "bind error: ENDPOINT: the method Bind made a listener at ENDPOINTx"},
		"hanging bind":   {KindOther, "bind error: ENDPOINT: the method Bind has not returned within 500ms: what takes time belongs in Serve"},
	} {
		t.Run(role, func(t *testing.T) {
			p := newPlace(t)
			begun := time.Now()
			d := p.start(role, []string{"DAEMONRY_ENDPOINT=" + p.e.String()})
			status, printed := d.wait()
			if status != 1 || len(printed) != 0 {
				t.Errorf("status %d, printed %q", status, printed)
			}
			want := strings.ReplaceAll(c.message, "ENDPOINT", p.e.String())
			if !strings.HasSuffix(d.stderr.String(), ": "+want+"\n") {
				t.Errorf("stderr %q, want %q", d.stderr.String(), want)
			}
			if m := p.next(); m.BindErrorKind != string(c.kind) || m.BindError != want {
				t.Errorf("told %+v", m)
			}
			if took := time.Since(begun); role == "hanging bind" && took < DefaultBindBudget {
				t.Errorf("ended after %v, before the budget", took)
			}
		})
	}
}

func TestBootstrapReportsWhatTheSystemRefuses(t *testing.T) {
	t.Run("already bound", func(t *testing.T) {
		p := newPlace(t)
		p.listen()
		d := p.start("echo", []string{"DAEMONRY_ENDPOINT=" + p.e.String()})
		holder := fmt.Sprintf("process %d (", os.Getpid())
		if status, _ := d.wait(); status != 1 || !strings.Contains(d.stderr.String(), "endpoint already bound: "+p.e.String()) || !strings.Contains(d.stderr.String(), holder) {
			t.Errorf("status %d, stderr %s", status, d.stderr.String())
		}
		if m := p.next(); m.BindErrorKind != string(KindAlreadyBound) {
			t.Errorf("told %+v", m)
		}
	})
	t.Run("invalid endpoint", func(t *testing.T) {
		p := newPlace(t)
		d := p.start("echo", []string{"DAEMONRY_ENDPOINT=relative.sock"})
		if status, _ := d.wait(); status != 1 || !strings.Contains(d.stderr.String(), `invalid endpoint: "relative.sock": the path is not absolute`) {
			t.Errorf("status %d, stderr %s", status, d.stderr.String())
		}
		if m := p.next(); m.BindErrorKind != string(KindInvalidEndpoint) {
			t.Errorf("told %+v", m)
		}
	})
	t.Run("input/output", func(t *testing.T) {
		_, err := Listen(Endpoint{network: "unix", address: "/nonexistent-directory/x.sock"})
		var bind *BindError
		if !errors.As(err, &bind) || bind.Kind != KindIO || !errors.Is(err, syscall.ENOENT) {
			t.Errorf("%v", err)
		}
	})
	t.Run("none", func(t *testing.T) {
		var bind *BindError
		if err := Bootstrap[minimal](t.Context(), Endpoint{}); !errors.As(err, &bind) || bind.Kind != KindInvalidEndpoint {
			t.Errorf("%v", err)
		}
	})
}

// A record that cannot be completed closes the listener, and Serve is not entered.
func TestBootstrapDoesNotServeWithoutItsRecord(t *testing.T) {
	p := newPlace(t)
	lock := p.lock(7)
	path := record.Path(p.private(), "test", 7)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := p.start("echo", []string{"DAEMONRY_ENDPOINT=" + p.e.String(), "DAEMONRY_RECORD=" + path}, lock)
	status, printed := d.wait()
	if status != 1 || len(printed) != 1 || printed[0] != "bind" {
		t.Errorf("status %d, printed %q", status, printed)
	}
	if m := p.next(); m.BindErrorKind != string(KindIO) || !strings.Contains(m.BindError, "cannot complete the record") {
		t.Errorf("told %+v", m)
	}
}

// A record whose lock we were not given is somebody else's.
func TestAStrangersRecordIsLeftAlone(t *testing.T) {
	p := newPlace(t)
	p.lock(7)
	path := record.Path(p.private(), "test", 7)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := p.start("echo", []string{"DAEMONRY_ENDPOINT=" + p.e.String(), "DAEMONRY_RECORD=" + path})
	d.expect("bind")
	d.expect("serve")
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("%s, %v", after, err)
	}
	d.stop()
}

func TestServeErrorsNameTheGeneration(t *testing.T) {
	for role, want := range map[string]string{
		"early":          "cannot serve test (generation 9): the method Serve returned before it was told to stop",
		"panic":          "cannot serve test (generation 9): panic: out of cheese",
		"failing load":   "cannot serve test (generation 9): cannot load state: the index is from another age",
		"panicking load": "cannot serve test (generation 9): cannot load state: panic: nil map, say",
	} {
		t.Run(role, func(t *testing.T) {
			p := newPlace(t)
			d := p.start(role, p.inherited(9), p.listen())
			if status, _ := d.wait(); status != 1 || !strings.HasSuffix(d.stderr.String(), ": "+want+"\n") {
				t.Errorf("status %d, stderr %s", status, d.stderr.String())
			}
			p.quiet() // a daemon that fails is neither ready nor stopping
		})
	}
}

func TestBootstrapReturnsNilAfterItsContextEnded(t *testing.T) {
	for name, cause := range map[string]error{"cancelled": nil, "with a cause": errors.New("a test's end")} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			if err := Bootstrap[minimal](ctx, p.e); err != nil {
				t.Error(err)
			}
			if err := Bootstrap[echo](ctx, p.e); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBootstrapLeaksNoDescriptors(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	count := func() int {
		files, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	before := count()
	for range 10 {
		if err := Bootstrap[echo](ctx, p.e); err != nil {
			t.Fatal(err)
		}
		if err := Bootstrap[failingBind](ctx, p.e); err == nil {
			t.Fatal("it did not fail")
		}
	}
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
