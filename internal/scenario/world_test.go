//go:build linux

package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of the tests. It decides nothing: a test that
// reaches it has failed.
const patience = 60 * time.Second

// A world is private directories, and whatever broker and daemons live in them.
type world struct {
	t      *testing.T
	root   string
	bin    string               // where the commands of TestMain are
	before int                  // descriptors of the test process
	as     *syscall.SysProcAttr // whom commands run as; nil: whoever runs the test

	runtimeDir string // empty: below root
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := os.MkdirTemp("", "dmn")
	if err != nil {
		t.Fatal(err)
	}
	daemonry, err := exec.LookPath("daemonry")
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, root: root, bin: filepath.Dir(daemonry)}
}

// start makes a world for one test: the test's own environment means it too, so
// that Dial works in this process.
func start(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for _, e := range w.env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	w.before = descriptors(t)
	t.Cleanup(func() {
		w.close()
		if n := descriptors(t); n > w.before {
			t.Errorf("%d descriptors are open after the test, %d were before", n, w.before)
		}
	})
	return w
}

func (w *world) runtime() string {
	if w.runtimeDir != "" {
		return w.runtimeDir
	}
	return filepath.Join(w.root, "run")
}

func itoa(n int) string { return strconv.Itoa(n) }

func (w *world) env() []string {
	return []string{
		"DAEMONRY_RUNTIME_DIR=" + w.runtime(),
		"DAEMONRY_CONFIG_DIR=" + filepath.Join(w.root, "config"),
		"DAEMONRY_STATE_DIR=" + filepath.Join(w.root, "state"),
		"DAEMONRY_BROKER=" + filepath.Join(w.bin, "daemonry"),
	}
}

// close ends everything and checks that nothing is left.
func (w *world) close() {
	out, err := w.command("daemonry", "shutdown", "--all").CombinedOutput()
	if code := exitCode(err); code != 0 && code != 5 {
		w.t.Errorf("shutdown: exit code %d: %s", code, out)
	}
	w.await("every process gone", func() bool { return len(w.processes()) == 0 })
	if w.t.Failed() {
		w.showLogs()
	}
	if err := os.RemoveAll(w.root); err != nil {
		w.t.Error(err)
	}
}

func (w *world) showLogs() {
	logs, _ := filepath.Glob(filepath.Join(w.root, "state", "*.log"))
	more, _ := filepath.Glob(filepath.Join(w.root, "state", "logs", "*.log"))
	for _, file := range append(logs, more...) {
		data, _ := os.ReadFile(file)
		w.t.Logf("%s:\n%s", filepath.Base(file), data[max(0, len(data)-4096):])
	}
}

// processes are those that belong to this world: its directories are in their
// environment. The test process itself is not one of them.
func (w *world) processes() []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && bytes.Contains(env, []byte("DAEMONRY_RUNTIME_DIR="+w.runtime()+"\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// named returns those of the world's processes that were started as one of the
// commands of TestMain, with that as an argument.
func (w *world) named(command string, args ...string) []int {
	var pids []int
	for _, pid := range w.processes() {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		words := strings.Split(strings.TrimRight(string(data), "\x00"), "\x00")
		if filepath.Base(words[0]) == command && (len(args) == 0 || slices.Equal(words[1:min(len(words), 1+len(args))], args)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (w *world) brokers() []int { return w.named("daemonry", "broker") }

// await polls the kernel for what gives no event, a few times a second at
// first; it is bounded by patience.
func (w *world) await(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not after %v; processes %v", what, patience, w.processes())
		}
		<-time.After(5 * time.Millisecond)
	}
}

// command is one of TestMain's, in this world, with a plain environment.
func (w *world) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	cmd := exec.CommandContext(ctx, filepath.Join(w.bin, name), args...)
	w.t.Cleanup(cancel)
	cmd.Env = append(w.env(), "PATH="+w.bin+":/usr/local/bin:/usr/bin:/bin", "HOME="+w.root, "GORACE=atexit_sleep_ms=0", "GOCOVERDIR="+os.Getenv("GOCOVERDIR"))
	cmd.SysProcAttr = w.as
	return cmd
}

// run runs a command that must succeed and returns its standard output.
func (w *world) run(name string, args ...string) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	cmd := w.command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// define writes a definition whose command is one of TestMain's.
func (w *world) define(name, more, command string, args ...string) {
	w.t.Helper()
	dir := filepath.Join(w.root, "config", "services")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	words := append([]string{filepath.Join(w.bin, command)}, args...)
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	text := "command = [" + strings.Join(quoted, ", ") + "]\n" + more + "\n"
	if err := os.WriteFile(filepath.Join(dir, name+".toml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// service is what the tests read of `daemonry status NAME --json`.
type service struct {
	Name, State, Endpoint, Status string
	PID                           int
	Generation, Starts            uint64
	Ready                         bool
	Connections                   *int
	Error                         *struct{ Code, Message string }
}

type statusOf struct {
	Schema   int
	Broker   struct{ PID int }
	Services []service
}

func (w *world) status() statusOf {
	w.t.Helper()
	var s statusOf
	if err := json.Unmarshal([]byte(w.run("daemonry", "status", "--json")), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) service(name string) service {
	w.t.Helper()
	for _, s := range w.status().Services {
		if s.Name == name {
			return s
		}
	}
	w.t.Fatalf("status has no service %s", name)
	return service{}
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // never wrapped
		return e.ExitCode()
	}
	return -1
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// kill sends a signal to a process of this world, and to no other.
func (w *world) kill(pid int, sig syscall.Signal) {
	w.t.Helper()
	if !slices.Contains(w.processes(), pid) {
		w.t.Fatalf("process %d is not of this test", pid)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		w.t.Fatal(err)
	}
}

// dead reports whether a process that was killed has closed its descriptors: it
// is gone, or a zombie with no other thread that is still on its way out. (Its
// environment goes earlier.)
func dead(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", itoa(pid), "stat"))
	if err != nil {
		return true
	}
	threads, _ := filepath.Glob(filepath.Join("/proc", itoa(pid), "task", "*"))
	return len(threads) <= 1 && bytes.Contains(stat, []byte(") Z "))
}

// killCommand is `kill9 SERVICE` or `kill9 broker` in scripts.
func killCommand(ts *testscript.TestScript, _ bool, args []string) {
	w, ok := ts.Value("world").(*world)
	if !ok || len(args) != 1 {
		ts.Fatalf("usage: kill9 SERVICE|broker")
	}
	s := w.status()
	pid := s.Broker.PID
	if args[0] != "broker" {
		pid = w.service(args[0]).PID
	}
	w.kill(pid, syscall.SIGKILL)
}
