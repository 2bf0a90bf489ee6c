//go:build linux

package scenario

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/record"
)

const modeBind = "mode = \"bind\"\n"

// binder defines a daemon in mode bind that knows nothing of Daemonry.
func (w *world) binder(name, more string, args ...string) {
	w.define(name, modeBind+more, "plaind", append([]string{"-bind", "{socket}"}, args...)...)
}

// sockets are the unix sockets in the world's directories, without the broker's
// own.
func (w *world) sockets() []string {
	var found []string
	for _, pattern := range []string{"*.sock", "broker.d/*.*.sock"} {
		paths, _ := filepath.Glob(filepath.Join(w.runtime(), pattern))
		found = append(found, paths...)
	}
	return found
}

func failure(t *testing.T, name string) *daemonry.Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := daemonry.Dial(ctx, name, daemonry.WaitReady(nil))
	if err == nil {
		conn.Close()
		t.Fatal("it is ready")
	}
	e, ok := errors.AsType[*daemonry.Error](err)
	if !ok {
		t.Fatalf("%T: %v", err, err)
	}
	return e
}

// A daemon that binds what it is given serves the clients that came before it
// existed, one that it was started for and later ones, and knows none of them
// apart.
func TestDaemonsThatBindServe(t *testing.T) {
	for daemon, args := range map[string][]string{"plaind": {"-bind", "{socket}"}, "sdkd": nil} {
		t.Run(daemon, func(t *testing.T) {
			w := start(t)
			report := filepath.Join(w.root, "report")
			if daemon == "plaind" {
				args = append(args, "-report", report, "-listen-after", "20ms")
			}
			w.define("echo", modeBind, daemon, args...)
			answers := w.storm(50, "echo")
			slices.Sort(answers)
			if distinct := slices.Compact(answers); len(distinct) != 1 {
				t.Errorf("answers came from %d daemons: %q", len(distinct), distinct)
			}
			if s := w.service("echo"); s.Starts != 1 || s.PID == 0 || s.Endpoint != filepath.Join(w.runtime(), "echo.sock") {
				t.Errorf("%+v", s)
			}
			if got := w.sockets(); len(got) != 1 {
				t.Errorf("sockets %q, want the endpoint alone", got)
			}
			if facts, err := os.ReadFile(report); daemon == "plaind" {
				if err != nil || strings.Contains(string(facts), "env LISTEN_") || !strings.Contains(string(facts), ".1.lock") ||
					!strings.Contains(string(facts), "env DAEMONRY_ENDPOINT="+w.runtime()+"/broker.d/") {
					t.Errorf("%v: it was given\n%s", err, facts)
				}
			}
		})
	}
}

// Bytes and half-closes of clients that were handed over pass as if the daemon
// had taken them itself.
func TestAHandedOverClientKeepsItsHalfClose(t *testing.T) {
	w := start(t)
	w.binder("echo", "", "-warm", "200ms")
	conn := dial(t, "echo").(*net.UnixConn) // waits in the broker's queue
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	data := strings.Repeat("all of it ", 100_000)
	go func() {
		_, _ = conn.Write([]byte(data))
		_ = conn.CloseWrite()
	}()
	var got strings.Builder
	buf := make([]byte, 1<<16)
	for {
		n, err := conn.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if _, echoed, _ := strings.Cut(got.String(), "\n"); echoed != data {
		t.Errorf("%d bytes came back, want %d", len(echoed), len(data))
	}
}

// The original's test 2. A daemon fails within its budget that never binds,
// binds without listening, or binds elsewhere; the error says which, and what it
// printed. Its process is gone then, and no socket of its is left.
func TestLaunchFailsIfEndpointNotProbeableWithinBudget(t *testing.T) {
	const budget = 400 * time.Millisecond
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"never-binds":   {[]string{"-warm", "1h"}, "nothing is bound at "},
		"never-listens": {[]string{"-bind", "{socket}", "-listen-after", "-1s"}, " is bound, but nobody listens on it"},
		"elsewhere":     {[]string{"-bind", "{state_dir}/x.sock"}, "it listens on ROOT/state/data/bad/x.sock and not on "},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			w.define("bad", modeBind+"[limits]\nbind = \"400ms\"\n", "plaind", c.args...)
			w.run("daemonry", "endpoint", "bad") // the broker is up
			began := time.Now()
			e := failure(t, "bad")
			took := time.Since(began)
			if took < budget || took > budget+2*time.Second {
				t.Errorf("it took %v, want %v", took, budget)
			}
			if e.Code != daemonry.CodeStartFailed || e.Kind != "other" || !strings.Contains(e.Message, "did not bind its endpoint within 400ms: ") ||
				!strings.Contains(e.Message, strings.ReplaceAll(c.want, "ROOT", w.root)) || !strings.Contains(e.Output, "plaind: loading") {
				t.Errorf("%+v", e)
			}
			w.run("daemonry", "disable", "bad")
			w.await("its process gone", func() bool { return len(w.named("plaind")) == 0 })
			if left := w.sockets(); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// What somebody else bound at the daemon's path is not made the endpoint.
func TestSomebodyElsesSocketIsNotTaken(t *testing.T) {
	w := start(t)
	w.define("bad", modeBind, "plaind", "-warm", "1h")
	w.run("daemonry", "endpoint", "bad")
	var e *daemonry.Error
	var wg sync.WaitGroup
	wg.Go(func() { e = failure(t, "bad") })
	var given string
	w.await("the record", func() bool {
		r, err := record.Read(record.Path(filepath.Join(w.runtime(), "broker.d"), "bad", 1))
		given = r.Endpoint
		return err == nil
	})
	squatter := w.command("plaind", "-bind", given)
	if err := squatter.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = squatter.Process.Kill(); _ = squatter.Wait() })
	wg.Wait()
	want := fmt.Sprintf("process %d (", squatter.Process.Pid)
	if !strings.Contains(e.Message, want) || !strings.Contains(e.Message, "listens at "+given+", which was given to process ") {
		t.Errorf("%+v", e)
	}
	w.run("daemonry", "disable", "bad")
}

// One that exits early fails at once, and not when its budget ends.
func TestLaunchFailsAtOnceIfTheDaemonExits(t *testing.T) {
	w := start(t)
	w.define("bad", modeBind, "plaind", "-fail", "7")
	w.run("daemonry", "endpoint", "bad")
	began := time.Now()
	e := failure(t, "bad")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(e.Message, "status 7") || !strings.Contains(e.Output, "the index is damaged") {
		t.Errorf("%+v", e)
	}
}

// A failed Bind of an SDK daemon is told with its kind to client, event and
// status.
func TestBindErrorsKeepTheirKind(t *testing.T) {
	w := start(t)
	w.define("bad", modeBind, "failingd")
	events := w.watch()
	e := failure(t, "bad")
	const want = "bind io error: "
	if e.Kind != "io" || !strings.HasPrefix(e.Message, want) || !strings.Contains(e.Output, want) {
		t.Errorf("%+v", e)
	}
	if strings.Contains(e.Output, "served all the same") {
		t.Error("Serve was entered")
	}
	out, err := w.command("daemonry", "start", "bad").CombinedOutput()
	if exitCode(err) != 4 || !strings.Contains(string(out), want) {
		t.Errorf("start: %v: %s", err, out)
	}
	if told := events("exited").GetError(); told.GetKind() != "io" || !strings.HasPrefix(told.GetMessage(), want) {
		t.Errorf("event %+v", told)
	}
}

// The original's test 3: bind alone makes an endpoint that can be connected to;
// the daemon never enters Serve in this.
func TestBindAloneYieldsAListeningEndpoint(t *testing.T) {
	w := start(t)
	w.define("mute", modeBind+"[process.env]\nMUTE = \"1\"\n", "stepsd")
	w.run("daemonry", "start", "mute")
	conn, err := net.Dial("unix", filepath.Join(w.runtime(), "mute.sock"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// The original's test 4: bind, then the record on disk and locked, then the
// event, then serve.
func TestBootstrapCallsBindThenServe(t *testing.T) {
	w := start(t)
	file := filepath.Join(w.root, "steps")
	w.define("steps", modeBind+fmt.Sprintf("[process.env]\nSTEPS = %q\nRECORDS = %q\n", file, filepath.Join(w.runtime(), "broker.d")), "stepsd")
	events := w.watch()
	w.run("daemonry", "start", "steps")
	spawned := events("spawned").GetAt().AsTime()
	w.await("serve", func() bool { data, _ := os.ReadFile(file); return strings.Count(string(data), "\n") == 2 })
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var bind, serve int64
	var first, second string
	fmt.Sscan(lines[0], &bind)
	fmt.Sscan(lines[1], &serve)
	_, first, _ = strings.Cut(lines[0], " ")
	_, second, _ = strings.Cut(lines[1], " ")
	if first != "bind, 1 records, phase starting, locked true (<nil>)" || second != "serve, 1 records, phase bound, locked true (<nil>)" {
		t.Errorf("steps:\n%s", data)
	}
	if !time.Unix(0, bind).Before(spawned) || !spawned.Before(time.Unix(0, serve)) {
		t.Errorf("bind %v, spawned %v, serve %v: not in that order", time.Unix(0, bind), spawned, time.Unix(0, serve))
	}
}

// Nobody is refused while daemons in mode bind crash and are replaced: the
// broker holds the listener of each.
func TestCrashesOfDaemonsThatBindRefuseNobody(t *testing.T) {
	w := start(t)
	w.binder("echo", "[restart]\nburst = 100\nbackoff_min = \"1ms\"\nbackoff_max = \"20ms\"\n")
	ask(t, "echo")
	path := w.service("echo").Endpoint
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := net.Dial("unix", path)
				if err != nil {
					t.Errorf("refused: %v", err)
					return
				}
				_ = conn.SetReadDeadline(time.Now().Add(patience))
				_, err = conn.Read(make([]byte, 1))
				if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // never wrapped
					t.Error("nobody answers")
				}
				conn.Close()
			}
		})
	}
	last := uint64(0)
	for range 10 {
		w.await("the next generation", func() bool { s := w.service("echo"); return s.PID != 0 && s.Generation > last && s.Ready })
		s := w.service("echo")
		last = s.Generation
		w.kill(s.PID, syscall.SIGKILL)
	}
	w.await("the last one", func() bool { return w.service("echo").Generation > last })
	close(stop)
	wg.Wait()
}

// killBroker returns once the broker's sockets are gone too: a client may find
// them for a moment after the process is not to be seen any more.
func (w *world) killBroker() {
	w.t.Helper()
	w.kill(w.brokers()[0], syscall.SIGKILL)
	w.await("the broker gone", func() bool {
		conn, err := net.Dial("unix", filepath.Join(w.runtime(), "broker.d", "control.sock"))
		if err == nil {
			conn.Close()
		}
		return err != nil && len(w.brokers()) == 0
	})
}

// A new broker takes over a daemon that bound for itself: the same process, and
// no second one, also where its listener cannot be taken by force.
func TestADaemonThatBindsIsAdopted(t *testing.T) {
	for _, daemon := range []string{"plaind", "sdkd"} {
		t.Run(daemon, func(t *testing.T) {
			w := start(t)
			if daemon == "plaind" {
				w.binder("echo", "")
			} else {
				w.define("echo", modeBind, daemon)
			}
			before := ask(t, "echo")
			w.killBroker()
			if got := ask(t, "echo"); got != before {
				t.Errorf("without a broker %s answers, not %s", got, before)
			}
			w.run("daemonry", "endpoint", "echo") // the next broker
			if s := w.service("echo"); fmt.Sprint(s.PID, " ", s.Generation) != before || !s.Ready {
				t.Errorf("adopted %+v, want %s", s, before)
			}
			if got := ask(t, "echo"); got != before || len(w.named(daemon)) != 1 {
				t.Errorf("%s answers, not %s; %d daemons", got, before, len(w.named(daemon)))
			}
			w.kill(w.service("echo").PID, syscall.SIGKILL)
			if got := ask(t, "echo"); got == before {
				t.Error("the dead answer")
			}
		})
	}
}

// A broker that dies while a daemon in mode bind starts leaves it to the next.
func TestADaemonIsAdoptedBeforeItBinds(t *testing.T) {
	w := start(t)
	w.binder("echo", "", "-warm", "1s")
	conn := dial(t, "echo")
	defer conn.Close()
	w.await("the daemon", func() bool { return len(w.named("plaind")) == 1 })
	pid := w.named("plaind")[0]
	w.killBroker()
	if got := ask(t, "echo"); got != fmt.Sprint(pid, " ", 1) {
		t.Errorf("%s answers, not %d", got, pid)
	}
}

// A thousand clients at once on nothing: all are handed over to one daemon, whose
// own backlog is ten.
func TestManyClientsAreHandedOver(t *testing.T) {
	w := start(t)
	w.binder("echo", "", "-warm", "300ms")
	w.run("daemonry", "endpoint", "echo")
	out := w.run("client", "-n", "1000", "echo")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines)
	if len(lines) != 1000 || len(slices.Compact(lines)) != 1 {
		t.Errorf("%d answers, %d different", len(lines), len(slices.Compact(lines)))
	}
}
