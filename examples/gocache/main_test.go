//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/server"
	"github.com/daemonry/daemonry/internal/cli"
	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait. It decides nothing: a test that reaches it has
// failed.
const patience = 5 * time.Minute

// TestMain lets the test binary be gocache and daemonry.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gocache":  main,
		"daemonry": func() { os.Exit(cli.Main(os.Args[1:])) },
	})
}

// world is private directories, the broker and daemon that live there, and a
// small module to build.
type world struct {
	t       *testing.T
	root    string
	gocache string
	env     []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := os.MkdirTemp("", "gc") // short: sun_path
	if err != nil {
		t.Fatal(err)
	}
	gocache, err := exec.LookPath("gocache")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, root: root, gocache: gocache}
	w.env = append(os.Environ(),
		"DAEMONRY_RUNTIME_DIR="+filepath.Join(root, "run"),
		"DAEMONRY_CONFIG_DIR="+filepath.Join(root, "config"),
		"DAEMONRY_STATE_DIR="+filepath.Join(root, "state"),
		"DAEMONRY_BROKER="+filepath.Join(filepath.Dir(gocache), "daemonry"),
		"GOCACHEPROG="+gocache,
		"GOCACHE="+filepath.Join(root, "own"),
		"GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off",
	)
	w.write("go.mod", "module example.com/m\n\ngo 1.26\n")
	w.write("main.go", "package main\n\nimport \"example.com/m/sum\"\n\nfunc main() { println(sum.Of(1, 2)) }\n")
	w.write("sum/sum.go", "package sum\n\n// Of adds.\nfunc Of(a, b int) int { return a + b }\n")
	w.write("sum/sum_test.go", "package sum\n\nimport \"testing\"\n\nfunc TestOf(t *testing.T) {\n\tif Of(1, 2) != 3 {\n\t\tt.Fail()\n\t}\n}\n")
	t.Cleanup(w.close)
	return w
}

// write makes a file of the module, an hour old: cmd/go's index leaves out
// directories that were changed in the last two seconds (modindex, dirHash), and
// puts them a build later.
func (w *world) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.root, "m", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, hourAgo, hourAgo); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	if out, err := w.command("daemonry", "shutdown", "--all").CombinedOutput(); err != nil && !bytes.Contains(out, []byte("no broker")) {
		w.t.Errorf("shutdown: %v: %s", err, out)
	}
	if w.t.Failed() {
		log, _ := os.ReadFile(filepath.Join(w.root, "state", "logs", "gocache.log"))
		w.t.Logf("the daemon's log:\n%s", log[max(0, len(log)-4096):])
	}
	os.RemoveAll(w.root)
}

func (w *world) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = w.env
	cmd.Dir = filepath.Join(w.root, "m")
	return cmd
}

// golang runs a go command, which must succeed, and returns what it printed.
func (w *world) golang(args ...string) string {
	w.t.Helper()
	out, err := w.command("go", args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (w *world) silently(args ...string) {
	w.t.Helper()
	if out := w.golang(args...); out != "" {
		w.t.Errorf("go %s printed %q", strings.Join(args, " "), out)
	}
}

func (w *world) stats() server.Report {
	w.t.Helper()
	out, err := w.command("gocache", "stats", "--json").Output()
	if err != nil {
		w.t.Fatalf("gocache stats: %v %s", err, out)
	}
	var r server.Report
	if err := json.Unmarshal(out, &r); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// kill ends a process of this world with SIGKILL.
func (w *world) kill(pid int) {
	w.t.Helper()
	env, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if err != nil || !bytes.Contains(env, []byte(w.root)) {
		w.t.Fatalf("process %d is not of this world: %v", pid, err)
	}
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// objects counts the files in the store, without asking the daemon.
func (w *world) objects() int {
	files, _ := filepath.Glob(filepath.Join(w.root, "state", "data", "gocache", "objects", "*", "*"))
	return len(files)
}

// await looks a few times a second for what gives no event.
func (w *world) await(what string, done func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: not after %v", what, patience)
		}
		<-time.After(5 * time.Millisecond)
	}
}
