//go:build linux

package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/daemonry/daemonry/internal/notify"
)

// The README shows both programs as something one can write in a minute.
func TestBothAreShort(t *testing.T) {
	for file, limit := range map[string]int{"main.go": 40, "client/main.go": 15} {
		if n := codeLines(t, file); n >= limit {
			t.Errorf("%s has %d lines of code, want fewer than %d", file, n, limit)
		}
	}
}

// codeLines counts lines that are neither blank nor comments.
func codeLines(t *testing.T, file string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for in := bufio.NewScanner(bytes.NewReader(data)); in.Scan(); {
		if line := strings.TrimSpace(in.Text()); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	return n
}

// By hand, with no broker anywhere: a client that comes while the daemon warms
// up waits and is served; the next one is served too; SIGTERM ends it well.
func TestByHand(t *testing.T) {
	dir, err := os.MkdirTemp("", "d") // t.TempDir is too long for sun_path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	runtime, state := filepath.Join(dir, "run"), filepath.Join(dir, "notify")
	build(t, filepath.Join(dir, "hello"), ".")
	build(t, filepath.Join(dir, "client"), "./client")
	told, err := notify.Listen(state)
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()

	daemon := exec.Command(filepath.Join(dir, "hello"))
	daemon.Env = append(os.Environ(), "DAEMONRY_RUNTIME_DIR="+runtime, "NOTIFY_SOCKET="+state)
	daemon.Stderr = os.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { daemon.Process.Kill(); daemon.Wait() }()
	if m, err := told.Receive(); err != nil || !m.Bound {
		t.Fatalf("told %+v, %v, want that it is bound", m, err)
	}
	for range 2 {
		client := exec.Command(filepath.Join(dir, "client"))
		client.Env = append(os.Environ(), "DAEMONRY_RUNTIME_DIR="+runtime, "DAEMONRY_BROKER=/nonexistent/broker")
		if out, err := client.CombinedOutput(); err != nil || string(out) != "hello, world\n" {
			t.Fatalf("%v: %q", err, out)
		}
	}
	if m, err := told.Receive(); err != nil || !m.Ready {
		t.Errorf("told %+v, %v, want READY=1", m, err)
	}
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Error(err)
	}
}

func build(t *testing.T, to, from string) {
	t.Helper()
	if out, err := exec.Command("go", "build", "-o", to, from).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
