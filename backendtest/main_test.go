//go:build linux

package backendtest_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/backend"
)

// roleVariable makes the test binary a daemon.
const roleVariable = "DAEMONRY_BACKENDTEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "greet":
		backend.Main[greet]()
	case "deaf":
		fmt.Fprintln(os.Stderr, "deaf: not listening to anybody")
		os.Exit(1)
	}
	// Whoever runs the tests may have left descriptors open for them, which would
	// be passed on to daemons.
	entries, _ := os.ReadDir("/proc/self/fd")
	for fd := 3; fd < 3+2*len(entries); fd++ {
		unix.CloseOnExec(fd)
	}
	goleak.VerifyTestMain(m)
}

// greet is a daemon of the SDK whose state is a file.
type greet struct{}

func (greet) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (greet) Serve(ctx context.Context, l net.Listener) error {
	words := backend.Load(ctx, func(context.Context) ([]byte, error) { return os.ReadFile(os.Getenv("WORDS")) })
	return backend.ServeConns(ctx, l, func(ctx context.Context, c net.Conn) error {
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			return err
		}
		w, err := words.Get(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(c, "%s, %s", w, line)
		return err
	})
}

// installed finds a program of the machine.
func installed(t *testing.T, name, pkg string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"} {
		path := filepath.Join(dir, name)
		if _, err := exec.LookPath(path); err == nil {
			return path
		}
	}
	t.Fatalf("%s is not installed: on Debian, apt-get install %s (.ci/run does it)", name, pkg)
	return ""
}

// built builds a Go program of the examples.
func built(t *testing.T, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "daemon")
	if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// written writes a file below dir and returns its path.
func written(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
