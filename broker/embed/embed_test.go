package embed_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/broker/embed"
)

// tool is the whole of a tool: its client, its daemon and, where none is
// installed, its broker.
func TestMain(m *testing.M) {
	embed.Main()
	switch {
	case len(os.Args) == 2 && os.Args[1] == "daemon":
		backend.Main[greeter]()
	case len(os.Args) == 2 && os.Args[1] == "client":
		os.Exit(client())
	}
	os.Exit(m.Run())
}

type greeter struct{}

func (greeter) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (greeter) Serve(ctx context.Context, l net.Listener) error {
	return backend.ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
		_, err := fmt.Fprintln(c, "hello from", os.Getpid())
		return err
	})
}

func client() int {
	self, _ := os.Executable()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := daemonry.Dial(ctx, "tool", daemonry.Define(daemonry.Service{Command: []string{self, "daemon"}}))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer conn.Close()
	if _, err := io.Copy(os.Stdout, conn); err != nil {
		return 1
	}
	return 0
}

// A tool with everything in one file, and nothing installed.
func TestProgramIsItsOwnBroker(t *testing.T) {
	root, err := os.MkdirTemp("", "dme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	tool := filepath.Join(root, "tool")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, tool); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"DAEMONRY_RUNTIME_DIR=" + filepath.Join(root, "run"), "DAEMONRY_CONFIG_DIR=" + filepath.Join(root, "config"),
		"DAEMONRY_STATE_DIR=" + filepath.Join(root, "state"), "PATH=/usr/bin:/bin", "HOME=" + root,
	}
	t.Cleanup(func() { shutdown(t, env) })
	var answers []string
	for range 2 {
		cmd := exec.Command(tool, "client")
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		answers = append(answers, string(out))
	}
	if !strings.HasPrefix(answers[0], "hello from ") || answers[0] != answers[1] {
		t.Errorf("answers %q, want two of one daemon", answers)
	}
}

// shutdown ends broker and daemon of env, over the control interface as any
// client would.
func shutdown(t *testing.T, env []string) {
	t.Helper()
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	conn, err := daemonry.DialBroker(context.Background(), daemonry.NoStart())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const body = `{"all":true}`
	fmt.Fprintf(conn, "POST /daemonry.v1.Broker/Shutdown HTTP/1.1\r\nHost: daemonry\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "200") {
		t.Errorf("shutdown: %v: %s", err, line)
	}
}
