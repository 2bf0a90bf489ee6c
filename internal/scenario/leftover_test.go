//go:build linux

package scenario

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// One leaked child never blocks a service: what a generation leaves behind is
// ended after the grace, and the next one starts.
func TestLeftoversAreEnded(t *testing.T) {
	w := start(t)
	w.define("leaky", "[limits]\nstop = \"500ms\"\n", "plaind", "-child")
	ask(t, "leaky")
	first := w.service("leaky").PID
	others := w.processes()
	w.kill(first, syscall.SIGKILL)
	if answer := ask(t, "leaky"); !strings.HasSuffix(answer, " 2") {
		t.Errorf("answer %q, want one of generation 2", answer)
	}
	broker := w.status().Broker.PID
	for _, pid := range w.processes() {
		if slices.Contains(others, pid) && pid != broker {
			command, _ := os.ReadFile(filepath.Join("/proc", itoa(pid), "cmdline"))
			t.Errorf("process %d of generation 1 is left: %q", pid, command)
		}
	}
}

// A session that is killed leaves nothing: neither broker nor daemon nor
// directory.
func TestKilledSessionLeavesNothing(t *testing.T) {
	w := start(t)
	note := filepath.Join(w.root, "note")
	script := `daemonry add echo -- ` + w.bin + `/plaind && client echo &&
		echo "$DAEMONRY_RUNTIME_DIR" > ` + note + `.tmp && mv ` + note + `.tmp ` + note + ` && exec sleep 600`
	cmd := w.command("daemonry", "session", "--", "/bin/sh", "-c", script)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.await("the session's daemon", func() bool { return exists(note) })
	data, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	runtime := strings.TrimSpace(string(data))
	inside := &world{t: t, root: filepath.Dir(runtime), bin: w.bin, runtimeDir: runtime}
	if n := len(inside.processes()); n < 3 {
		t.Fatalf("%d processes of the session, want command, broker and daemon", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	w.await("the session's processes gone", func() bool { return len(inside.processes()) == 0 })
	w.await("its directories gone", func() bool { return !exists(inside.root) })
}
