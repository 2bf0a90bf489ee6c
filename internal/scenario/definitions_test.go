//go:build linux

package scenario

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeDefinition writes a definition file as it stands.
func (w *world) writeDefinition(name, text string) {
	w.t.Helper()
	dir := filepath.Join(w.root, "config", "services")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	tmp := filepath.Join(w.root, name+".tmp")
	if err := os.WriteFile(tmp, []byte(text+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, name+".toml")); err != nil {
		w.t.Fatal(err)
	}
}

// A bad definition is refused with file, line and key, and the others are
// served.
func TestBadDefinitionsAreRefused(t *testing.T) {
	cases := map[string]struct{ text, line, key string }{
		"unknown-key": {"command = [\"/bin/true\"]\nidle = \"5s\"", "2", "idle"},
		"wrong-type":  {"command = [\"/bin/true\"]\n[limits]\nstop = 5", "3", "limits.stop"},
		"relative":    {"# a comment\ncommand = [\"bin/true\"]", "2", "command"},
	}
	w := start(t)
	w.define("good", "", "plaind")
	for name, c := range cases {
		w.writeDefinition(name, c.text)
	}
	w.writeDefinition("Not_A-Name", "command = [\"/bin/true\"]")
	ask(t, "good")
	for name, c := range cases {
		out, err := w.command("daemonry", "endpoint", name).CombinedOutput()
		file := filepath.Join(w.root, "config", "services", name+".toml")
		if exitCode(err) != 1 || !strings.Contains(string(out), file+":"+c.line) || !strings.Contains(string(out), c.key) {
			t.Errorf("%s: exit code %d, want 1 and %s:%s and %s:\n%s", name, exitCode(err), file, c.line, c.key, out)
		}
	}
	if out := w.run("daemonry", "status"); !strings.Contains(out, "Not_A-Name") {
		t.Errorf("status does not tell of the bad name:\n%s", out)
	}
	w.writeDefinition("relative", "command = [\"/bin/sleep\", \"60\"]")
	w.await("mended", func() bool { return w.command("daemonry", "endpoint", "relative").Run() == nil })
}

// A runtime directory whose endpoints would not fit sun_path is refused when
// the service is defined, with the length and the limit.
func TestLongPathIsRefusedAtDefinitionTime(t *testing.T) {
	w := start(t)
	w.define("short", "", "plaind")
	long := strings.Repeat("n", 64)
	deep := filepath.Join(w.root, strings.Repeat("d", 108-len(w.root)-len("/broker.d/control.sock")-4))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAEMONRY_RUNTIME_DIR", deep)
	env := append(w.env(), "DAEMONRY_RUNTIME_DIR="+deep)
	cmd := w.command("daemonry", "add", long, "--", "/bin/sleep", "60")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(out), "107") {
		t.Errorf("exit code %d, want 1 and the limit of 107 bytes:\n%s", exitCode(err), out)
	}
	cmd = w.command("daemonry", "shutdown", "--all")
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("shutdown: %v: %s", err, out)
	}
}

// A definition that changes is in force for the next start; one that goes takes
// its daemon along.
func TestDefinitionsAreWatched(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	ask(t, "echo")
	path := w.service("echo").Endpoint
	w.define("other", "", "plaind")
	w.await("the new service", func() bool { return exists(filepath.Join(w.runtime(), "other.sock")) })
	ask(t, "other")
	remove(t, filepath.Join(w.root, "config", "services", "echo.toml"))
	w.await("the endpoint gone", func() bool { return !exists(path) })
	w.await("its daemon gone", func() bool { return len(w.named("plaind")) == 1 })
}
