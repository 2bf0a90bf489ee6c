//go:build linux

package endpoint

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// stranger is an ordinary uid that no test runs as.
const stranger = 12345

// roleVariable makes the test binary play one of the roles instead of testing.
const roleVariable = "ENDPOINT_TEST_ROLE"

var roles = map[string]func(args []string) error{
	"locate-mixed": locateMixed,
	"relisten":     relistenOn3,
	"connect":      connectAndWait,
	"hold":         holdUntilEOF,
	"remove-stale": func(args []string) error { return RemoveStale(args[0]) },
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		if err := roles[role](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stdout, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// holdUntilEOF keeps what it inherited until its standard input ends.
func holdUntilEOF([]string) error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// childProcess prepares the test binary to play a role, as another user if uid
// is not 0. The copy is there because that user cannot reach the original.
func childProcess(t *testing.T, role string, uid uint32, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if uid != 0 {
		program = copyFor(t, program)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	if uid != 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	return cmd
}

func copyFor(t *testing.T, program string) string {
	t.Helper()
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "program")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// shortDir is a private directory with a path short enough for sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// needRoot is for tests that give files to another user.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to give files to another user")
	}
}

func giveAway(t *testing.T, path string) {
	t.Helper()
	if err := os.Lchown(path, stranger, stranger); err != nil {
		t.Fatal(err)
	}
}

func wantUnsafe(t *testing.T, err error, reason string) {
	t.Helper()
	unsafe, ok := err.(*UnsafeError)
	if !ok || !strings.Contains(unsafe.Reason, reason) {
		t.Errorf("error is %T %v, want an *UnsafeError with %q", err, err, reason)
	}
}

// wantNoLeak fails if more descriptors are open at the end than now.
func wantNoLeak(t *testing.T) {
	t.Helper()
	before := openFiles(t)
	t.Cleanup(func() {
		if after := openFiles(t); len(after) > len(before) {
			t.Errorf("descriptors leaked: %d before, %d after:\n%s", len(before), len(after), strings.Join(after, "\n"))
		}
	})
}

func openFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, entry := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil {
			open = append(open, entry.Name()+" "+to)
		}
	}
	return open
}

func output(t *testing.T, cmd *exec.Cmd) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}
