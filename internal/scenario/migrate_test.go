//go:build linux

package scenario

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// build builds an example with the real toolchain.
func (w *world) build(pkg string) string {
	w.t.Helper()
	program := filepath.Join(w.root, filepath.Base(filepath.Dir(pkg))+"-"+filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", program, "../../"+pkg).CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	return program
}

// The two daemons of docs/CONTRACT.md, after their migration.
func TestMigratedDaemons(t *testing.T) {
	w := start(t)
	words := filepath.Join(w.root, "words")
	if err := os.WriteFile(words, []byte("bind first warm later"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.writeDefinition("words", fmt.Sprintf("command = [%q]\n[process.env]\nWORDS = %q", w.build("examples/migrate/late/after"), words))
	conn := dial(t, "words")
	defer conn.Close()
	for word, want := range map[string]string{"warm": "true", "poll": "false"} {
		fmt.Fprintln(conn, word)
		if got := readLine(t, conn); got != want {
			t.Errorf("%s: %s, want %s", word, got, want)
		}
	}
	counter := w.build("examples/migrate/pidfile/after")
	for want := 1; want <= 3; want++ {
		cmd := w.command("client")
		cmd.Path, cmd.Args = counter, []string{counter}
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != fmt.Sprintln(want) {
			t.Errorf("counter said %q, want %d: %v", out, want, err)
		}
	}
}
