//go:build linux

package scenario

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// rounds is how often a test of chance is repeated: DAEMONRY_TEST_ROUNDS, or few
// enough for every day.
func rounds(t *testing.T, everyDay int) int {
	t.Helper()
	text := os.Getenv("DAEMONRY_TEST_ROUNDS")
	if text == "" {
		return everyDay
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("DAEMONRY_TEST_ROUNDS=%q is not a number of rounds", text)
	}
	return n
}

// S17: an idle time of 200 ms and a client every 150 to 250 ms: many come while
// the daemon is being stopped, and none fails.
func TestS17ClientsAroundTheIdleTime(t *testing.T) {
	visitIdle(t, func(w *world, name, limits string) { w.define(name, limits, "plaind") })
}

// visitIdle has several services, each with a client, for as many rounds in all.
func visitIdle(t *testing.T, define func(w *world, name, limits string)) {
	const services = 8
	each := max(1, rounds(t, 200)/services)
	w := start(t)
	for i := range services {
		define(w, fmt.Sprint("s", i), "[limits]\nidle = \"200ms\"\n")
	}
	var wg sync.WaitGroup
	for i := range services {
		path := strings.TrimSpace(w.run("daemonry", "endpoint", fmt.Sprint("s", i)))
		wg.Go(func() { visit(t, path, each) })
	}
	wg.Wait()
	starts := uint64(0)
	for _, s := range w.status().Services {
		starts += s.Starts
	}
	t.Logf("%d rounds, %d starts", services*each, starts)
	if starts <= uint64(services) {
		t.Errorf("%d starts in %d rounds: nothing was stopped for idleness", starts, services*each)
	}
}

// visit connects n times, at odd moments, and wants an answer each time, and
// another after a while.
func visit(t *testing.T, path string, n int) {
	for round := range n {
		if err := visitOnce(path); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		<-time.After(150*time.Millisecond + rand.N(100*time.Millisecond))
	}
}

func visitOnce(path string) error {
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil {
		return fmt.Errorf("%w after %q", err, line)
	}
	<-time.After(rand.N(10 * time.Millisecond))
	if _, err := fmt.Fprintln(conn, "still there?"); err != nil {
		return err
	}
	line, err := answers.ReadString('\n')
	if err != nil || line != "still there?\n" {
		return fmt.Errorf("echo of %q: %w", line, err)
	}
	return nil
}

// S18: a connection that was accepted and is silent for longer than the idle time
// is use. When it is closed the time begins.
func TestS18SilentConnectionIsUse(t *testing.T) {
	for _, listen := range []string{"unix", "tcp:" + freePort(t)} {
		network, _, _ := strings.Cut(listen, ":")
		t.Run(network, func(t *testing.T) {
			w := start(t)
			w.define("echo", "listen = ["+strconv.Quote(listen)+"]\n[limits]\nidle = \"200ms\"\n", "plaind")
			conn := dial(t, "echo")
			defer conn.Close()
			who := readLine(t, conn)
			<-time.After(1500 * time.Millisecond) // what is shown is what does not happen in this time
			fmt.Fprintln(conn, "still here")
			if line := readLine(t, conn); line != "still here" {
				t.Errorf("echo of %q", line)
			}
			if s := w.service("echo"); s.Generation != 1 || !strings.HasPrefix(who, fmt.Sprint(s.PID, " ")) {
				t.Errorf("generation %d, pid %d, before: %s", s.Generation, s.PID, who)
			}
			conn.Close()
			w.await("the idle stop", func() bool { return w.service("echo").State == "idle" })
			if got := ask(t, "echo"); !strings.HasSuffix(got, " 2") {
				t.Errorf("answer %q, want one of generation 2", got)
			}
		})
	}
}

// freePort is a loopback address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A broker that was killed in the middle of an idle stop leaves nothing frozen:
// the next one lets the daemon go on. What somebody else stopped stays so.
func TestInterruptedIdleStop(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	w.define("other", "", "plaind")
	who := ask(t, "echo")
	ask(t, "other")
	echo, other := w.service("echo").PID, w.service("other").PID
	w.kill(w.status().Broker.PID, syscall.SIGKILL)
	w.markFreezing("echo.1.json")
	for _, pid := range []int{echo, other} {
		w.kill(pid, syscall.SIGSTOP)
		w.await("stopped", func() bool { return processState(pid) == "T" })
	}
	w.run("daemonry", "endpoint", "echo") // the next broker
	if got := ask(t, "echo"); got != who {
		t.Errorf("answer of %q, before of %q", got, who)
	}
	if state := processState(other); state != "T" {
		t.Errorf("the daemon that somebody else stopped is in state %s", state)
	}
	w.kill(other, syscall.SIGCONT)
	if data := w.record("echo.1.json"); data["phase"] == "freezing" {
		t.Error("the record says still that it is being frozen")
	}
}

func (w *world) record(file string) map[string]any {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join(w.runtime(), "broker.d", file))
	if err != nil {
		w.t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(data, &r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// markFreezing writes what a broker writes before it freezes a daemon.
func (w *world) markFreezing(file string) {
	w.t.Helper()
	path := filepath.Join(w.runtime(), "broker.d", file)
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	text := strings.Replace(string(data), `"phase": "starting"`, `"phase": "freezing"`, 1)
	if text == string(data) {
		w.t.Fatalf("no phase to change in %s", data)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// processState is the letter of proc_pid_stat(5), "" if there is no process.
func processState(pid int) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(data), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

// What somebody stopped is not stopped for idleness: they would not find it.
func TestStoppedDaemonIsNotIdle(t *testing.T) {
	w := start(t)
	w.define("echo", "[limits]\nidle = \"1s\"\n", "plaind")
	w.run("daemonry", "start", "--wait-ready", "echo")
	ask(t, "echo")
	w.await("its connection closed", func() bool { n := w.service("echo").Connections; return n != nil && *n == 0 })
	pid := w.service("echo").PID
	w.kill(pid, syscall.SIGSTOP)
	w.await("stopped", func() bool { return processState(pid) == "T" })
	<-time.After(2 * time.Second) // what is shown is what does not happen in this time
	if state := processState(pid); state != "T" {
		t.Errorf("it is in state %q", state)
	}
	w.kill(pid, syscall.SIGCONT)
	w.await("the idle stop", func() bool { return w.service("echo").State == "idle" })
}

// P14: a service that was stopped for idleness costs nothing.
func TestIdleStoppedIsQuiet(t *testing.T) {
	w := start(t)
	w.define("echo", "[limits]\nidle = \"100ms\"\n", "plaind")
	ask(t, "echo")
	w.await("the idle stop", func() bool { return w.service("echo").State == "idle" })
	broker := w.status().Broker.PID
	settle(t, broker)
	before := switches(t, broker)
	<-time.After(3 * time.Second) // what is measured is what happens in a stretch of time
	n := switches(t, broker) - before
	t.Logf("%d context switches in 3 s beside a service that was stopped for idleness", n)
	if n > 30 {
		t.Errorf("%d context switches in 3 s", n)
	}
}
