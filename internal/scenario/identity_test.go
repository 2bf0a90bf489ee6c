//go:build linux

package scenario

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/daemonry/daemonry/internal/record"
)

// findings are the words of `daemonry status NAME` that are not as the broker's
// books say.
func (w *world) findings(name string) string {
	w.t.Helper()
	var s struct{ Services []struct{ Findings []string } }
	if err := json.Unmarshal([]byte(w.run("daemonry", "status", name, "--json")), &s); err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(s.Services[0].Findings, "\n")
}

// A squatter at the path is named, in status and to whoever asks for the
// endpoint, and its socket is not removed when the service is withdrawn.
func TestASquatterIsNamed(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	ask(t, "echo")
	if f := w.findings("echo"); f != "" {
		t.Errorf("nothing is wrong, and it finds %s", f)
	}
	path := w.service("echo").Endpoint
	squatter := w.command("plaind", "-bind", path+".other")
	if err := squatter.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = squatter.Process.Kill(); _ = squatter.Wait() })
	w.await("the squatter", func() bool {
		conn, err := net.Dial("unix", path+".other")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	if err := os.Rename(path+".other", path); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(fmt.Sprintf(`process %d \(.*\) listens at %s in the place of the endpoint`, squatter.Process.Pid, path))
	if f := w.findings("echo"); !want.MatchString(f) {
		t.Errorf("it finds %q", f)
	}
	out, err := w.command("daemonry", "endpoint", "echo").CombinedOutput()
	if exitCode(err) != 1 || !want.MatchString(string(out)) {
		t.Errorf("endpoint: %v: %s", err, out)
	}
	if out := w.run("daemonry", "status", "echo"); !want.MatchString(strings.Join(strings.Fields(out), " ")) {
		t.Errorf("status:\n%s", out)
	}
	w.run("daemonry", "disable", "echo")
	if !exists(path) {
		t.Error("the squatter's socket was removed")
	}
	out, _ = w.command("daemonry", "enable", "echo").CombinedOutput()
	out2, err := w.command("daemonry", "endpoint", "echo").CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(out2), fmt.Sprintf("process %d (", squatter.Process.Pid)) {
		t.Errorf("enable: %s; endpoint: %v: %s", out, err, out2)
	}
}

// A process that has ended and was not reaped, for what it left behind is ended
// first, is not taken for alive.
func TestAZombieIsNamed(t *testing.T) {
	w := start(t)
	w.define("echo", "[limits]\nstop = \"3s\"\n", "plaind", "-child")
	ask(t, "echo")
	pid := w.service("echo").PID
	w.kill(pid, syscall.SIGKILL)
	w.await("the finding", func() bool {
		return strings.Contains(w.findings("echo"), fmt.Sprintf("process %d has ended and was not reaped yet", pid))
	})
}

// Records of processes that are gone are told apart: another process has the
// number, or the machine was started anew.
func TestStaleRecordsAreToldApart(t *testing.T) {
	w := start(t)
	other := exec.Command("/bin/sleep", "60")
	other.Env = []string{"PATH=/bin"} // it is none of this world
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	cases := map[string]struct {
		change func(*record.Record)
		want   string
	}{
		"recycled": {func(r *record.Record) { r.PID = other.Process.Pid }, fmt.Sprintf("record of generation 1: process %d has ended, and its number was given to another process", other.Process.Pid)},
		"boot":     {func(r *record.Record) { r.Boot = "00000000-0000-0000-0000-000000000000" }, "belongs to another boot of this machine"},
		"gone":     {func(*record.Record) {}, "has ended"},
	}
	pids := map[string]int{}
	for name := range cases {
		w.define(name, "", "plaind")
	}
	for name := range cases {
		w.await("the definition", func() bool { return w.command("daemonry", "endpoint", name).Run() == nil })
		ask(t, name)
		pids[name] = w.service(name).PID
	}
	w.killBroker()
	for name, c := range cases {
		w.kill(pids[name], syscall.SIGKILL)
		dir := filepath.Join(w.runtime(), "broker.d")
		r, err := record.Read(record.Path(dir, name, 1))
		if err != nil {
			t.Fatal(err)
		}
		c.change(&r)
		if err := record.Write(dir, name, r); err != nil {
			t.Fatal(err)
		}
	}
	w.await("the daemons gone", func() bool { return len(w.processes()) == 0 })
	w.run("daemonry", "endpoint", "gone")
	for name, c := range cases {
		if f := w.findings(name); !strings.Contains(f, c.want) {
			t.Errorf("%s: it finds %q, want %q", name, f, c.want)
		}
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process that has the number now was hit: %v", err)
	}
	for name := range cases {
		ask(t, name)
		if f := w.findings(name); f != "" {
			t.Errorf("%s: after the next start it finds %q", name, f)
		}
	}
}

// An executable that was replaced on disk, and a process that executes another
// one now, are told apart.
func TestASwappedExecutableIsNamed(t *testing.T) {
	w := start(t)
	program := filepath.Join(w.root, "sleeper")
	fifo := filepath.Join(w.root, "go")
	copyFile(t, "/bin/sh", program)
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w.writeDefinition("exec", fmt.Sprintf("ready = \"exec\"\ncommand = [%q, \"-c\", \"read x < %s; exec /bin/sleep 60\"]", program, fifo))
	w.run("daemonry", "start", "--wait-ready", "exec")
	if f := w.findings("exec"); f != "" {
		t.Errorf("nothing is wrong, and it finds %s", f)
	}
	w.await("the command to wait", func() bool { // and so to be executed
		f, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			t.Cleanup(func() { f.Close() })
		}
		return err == nil
	})
	w.findings("exec") // it notes what is executed, if it has not yet
	copyFile(t, "/bin/sh", program+".new")
	if err := os.Rename(program+".new", program); err != nil {
		t.Fatal(err)
	}
	if f := w.findings("exec"); !strings.Contains(f, "the executable "+program+" was replaced or removed since process ") {
		t.Errorf("it finds %q", f)
	}
	if err := os.WriteFile(fifo, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.await("another executable", func() bool {
		f := w.findings("exec")
		return strings.Contains(f, "/sleep now and not "+program)
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}
