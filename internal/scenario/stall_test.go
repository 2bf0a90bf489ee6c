//go:build linux

package scenario

import (
	"context"
	"flag"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// A mood is what a daemon does between two connections.
type mood struct {
	pause         *time.Duration
	hang, compute *int
}

func moodOf(flags *flag.FlagSet) mood {
	return mood{
		pause:   flags.Duration("pause", 0, "sleep for so long after each connection"),
		hang:    flags.Int("hang-after", 0, "after so many connections do nothing any more"),
		compute: flags.Int("compute-after", 0, "after so many connections compute for 3 s"),
	}
}

func (m mood) after(taken int) {
	<-time.After(*m.pause)
	switch taken {
	case *m.hang:
		<-time.After(time.Hour)
	case *m.compute:
		for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		}
	}
}

// happenings are the events of a world from now on.
type happenings struct {
	mu   sync.Mutex // guards list
	list []*daemonryv1.Event
}

// listen begins to keep events; the broker is up and sends them when it returns.
func (w *world) listen() *happenings {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return daemonry.DialBroker(ctx)
	}}
	client := daemonryv1connect.NewBrokerClient(&http.Client{Transport: transport}, "http://daemonry")
	stream, err := client.Watch(ctx, connect.NewRequest(&daemonryv1.WatchRequest{}))
	if err != nil {
		w.t.Fatal(err)
	}
	h, done := &happenings{}, make(chan struct{})
	go func() {
		defer close(done)
		for stream.Receive() {
			h.mu.Lock()
			h.list = append(h.list, stream.Msg().GetEvent())
			h.mu.Unlock()
		}
	}()
	w.t.Cleanup(func() {
		cancel()
		<-done
		_ = stream.Close()
		transport.CloseIdleConnections()
	})
	return h
}

// of returns the events of a service of one type, "" for any.
func (h *happenings) of(service, typ string) []*daemonryv1.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []*daemonryv1.Event
	for _, e := range h.list {
		if e.Service == service && (typ == "" || e.Type == typ) {
			found = append(found, e)
		}
	}
	return found
}

func (h *happenings) count(service, typ string) int { return len(h.of(service, typ)) }

// connect makes n connections to a service and returns how to read their answers.
func (w *world) connect(name string, n int) (answers func() []string) {
	w.t.Helper()
	path := strings.TrimSpace(w.run("daemonry", "endpoint", name))
	conns := make([]net.Conn, n)
	for i := range conns {
		conn, err := net.Dial("unix", path)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { conn.Close() })
		conns[i] = conn
	}
	return func() []string {
		w.t.Helper()
		lines := make([]string, n)
		for i, conn := range conns {
			lines[i] = readLine(w.t, conn)
		}
		return lines
	}
}

// A Go daemon that hangs is asked for its stacks in Go's way.
func TestHungGoDaemonTellsItsStacks(t *testing.T) {
	w := start(t)
	w.define("stuck", "[limits]\nstall = \"500ms\"\n[restart]\nbackoff_min = \"1ms\"\n", "plaind", "-hang-after", "3")
	for range 3 {
		ask(t, "stuck")
	}
	if line := ask(t, "stuck"); !strings.HasSuffix(line, " 2") {
		t.Errorf("answer %q, want one of generation 2", line)
	}
	if log := w.run("daemonry", "logs", "stuck"); !strings.Contains(log, "SIGQUIT: quit") || !strings.Contains(log, "plainDaemon") {
		t.Errorf("no stacks of Go in the log:\n%s", log)
	}
}

// S8: SIGSTOP to the daemon while clients wait: not killed, not doubled, and
// after SIGCONT they are served. (10 s in the scenario; here ten times the limit.)
func TestS8StoppedDaemonIsNotHung(t *testing.T) {
	w := start(t)
	w.define("echo", "[limits]\nstall = \"400ms\"\n", "plaind")
	who := ask(t, "echo")
	w.await("ready", func() bool { return w.service("echo").Ready })
	events := w.listen()
	pid := w.service("echo").PID
	w.kill(pid, syscall.SIGSTOP)
	w.await("stopped", func() bool { return processState(pid) == "T" })
	answers := w.connect("echo", 20)
	<-time.After(4 * time.Second) // what is shown is what does not happen in this time
	if state := processState(pid); state != "T" {
		t.Errorf("it is in state %q", state)
	}
	if n := len(w.named("plaind")); n != 1 {
		t.Errorf("%d daemons", n)
	}
	w.kill(pid, syscall.SIGCONT)
	for _, line := range answers() {
		if line != who {
			t.Errorf("answer of %q, before of %q", line, who)
		}
	}
	if n := events.count("echo", ""); n != 0 {
		t.Errorf("%d events of it: %+v", n, events.of("echo", ""))
	}
}

// A daemon that takes no connection because it computes is told about and left
// alone, unless the definition says otherwise.
func TestBusyDaemonIsNotHung(t *testing.T) {
	w := start(t)
	w.define("busy", "[limits]\nstall = \"500ms\"\n", "plaind", "-compute-after", "2")
	ask(t, "busy")
	w.await("ready", func() bool { return w.service("busy").Ready })
	events := w.listen()
	who := ask(t, "busy") // and now it computes
	for _, line := range w.connect("busy", 1)() {
		if line != who {
			t.Errorf("answer of %q, before of %q", line, who)
		}
	}
	busy := events.of("busy", "busy")
	if len(busy) != 1 || !strings.Contains(busy[0].Cause, "processor time") || events.count("busy", "stall") != 0 {
		t.Errorf("events %+v", events.of("busy", ""))
	}
}

// stall_action = "replace" drops the condition that it does nothing.
func TestBusyDaemonIsReplacedOnDemand(t *testing.T) {
	w := start(t)
	w.define("busy", "[limits]\nstall = \"500ms\"\nstall_action = \"replace\"\n[restart]\nbackoff_min = \"1ms\"\n", "plaind", "-compute-after", "2")
	ask(t, "busy")
	ask(t, "busy")
	if line := ask(t, "busy"); !strings.HasSuffix(line, " 2") {
		t.Errorf("answer %q, want one of generation 2", line)
	}
}

// A daemon that takes one connection in a while, and sleeps in between, has a
// queue all the time and is not hung.
func TestSlowAndSteadyIsNotHung(t *testing.T) {
	w := start(t)
	w.define("slow", "[limits]\nstall = \"1s\"\n", "plaind", "-pause", "400ms")
	who := ask(t, "slow")
	w.run("daemonry", "endpoint", "--wait-ready", "slow")
	events := w.listen()
	for _, line := range w.connect("slow", 10)() {
		if line != who {
			t.Errorf("answer of %q, before of %q", line, who)
		}
	}
	if n := events.count("slow", ""); n != 0 {
		t.Errorf("events of it: %+v", events.of("slow", ""))
	}
}

// A daemon that did not become ready in its declared time is looked at before it
// is replaced.
func TestStartTimeoutHasEvidence(t *testing.T) {
	w := start(t)
	w.define("never", "ready = \"notify\"\n[limits]\nstart = \"500ms\"\n", "plaind", "-warm", "1h")
	events := w.listen()
	conn := dial(t, "never")
	defer conn.Close()
	w.await("the event", func() bool { return events.count("never", "start_timeout") > 0 })
	if e := events.of("never", "start_timeout")[0]; !strings.Contains(e.Error.GetOutput(), "(plaind)") {
		t.Errorf("event %+v", e)
	}
	w.run("daemonry", "disable", "never")
}

// One that is stopped while it starts does not miss its start time.
func TestStoppedStartIsNotLate(t *testing.T) {
	w := start(t)
	w.define("late", "ready = \"accept\"\n[limits]\nstart = \"1s\"\n", "plaind", "-warm", "500ms")
	events := w.listen()
	answers := w.connect("late", 1)
	w.await("the daemon", func() bool { return w.service("late").PID != 0 })
	pid := w.service("late").PID
	w.kill(pid, syscall.SIGSTOP)
	<-time.After(3 * time.Second) // what is shown is what does not happen in this time
	w.kill(pid, syscall.SIGCONT)
	if line := answers()[0]; !strings.HasSuffix(line, " 1") || events.count("late", "start_timeout") != 0 {
		t.Errorf("answer %q, events %v", line, events.of("late", ""))
	}
}

// ready = "probe" with a command: ready when that exits 0.
func TestProbeByCommand(t *testing.T) {
	w := start(t)
	flag := filepath.Join(w.root, "warm")
	w.define("probed", "ready = \"probe\"\nready_command = [\"/usr/bin/test\", \"-e\", "+strconv.Quote(flag)+"]\n", "plaind")
	ask(t, "probed") // it serves; what it is asked is another thing
	w.await("a word about the probe", func() bool { return strings.Contains(w.service("probed").Status, "exited with status 1") })
	if s := w.service("probed"); s.Ready {
		t.Error("it is ready before the command succeeds")
	}
	touch(t, flag)
	w.run("daemonry", "endpoint", "--wait-ready", "probed")
}
