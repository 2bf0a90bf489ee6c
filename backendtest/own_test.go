//go:build linux

package backendtest_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/backendtest"
)

// generous are limits for a machine on which much else runs: what is shown here is
// that good daemons pass, not how fast they are.
func generous(c backendtest.Command) backendtest.Command {
	c.Start, c.Answer, c.Grace, c.BindBudget = time.Minute, time.Minute, time.Minute, time.Minute
	c.Settle, c.Starts = 300*time.Millisecond, 2
	return c
}

// The daemon of the README, which loads for two seconds, passes in both forms
// without a change.
func TestHello(t *testing.T) {
	t.Parallel()
	backendtest.Run(t, generous(backendtest.Command{
		Args:   []string{built(t, "../examples/hello")},
		Expect: "hello, world\n",
	}))
}

// So does a daemon of the SDK with a state.
func TestState(t *testing.T) {
	t.Parallel()
	words := written(t, t.TempDir(), "words", "hello")
	backendtest.Run(t, generous(backendtest.Command{
		Args:  []string{os.Args[0]},
		Env:   []string{roleVariable + "=greet", "WORDS=" + words, "GORACE=atexit_sleep_ms=0"},
		State: words,
		Send:  "world\n", Expect: "hello, world\n",
	}))
}

func TestPython(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("../examples/python/daemon.py")
	if err != nil {
		t.Fatal(err)
	}
	state := written(t, t.TempDir(), "state", "all that there is to know")
	backendtest.Run(t, generous(backendtest.Command{
		Args:  []string{installed(t, "python3", "python3"), script, state},
		State: state,
		Send:  "world\n", Expect: "hello, world\n",
	}))
}

func TestC(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "greeterd")
	cc := installed(t, "cc", "gcc")
	if out, err := exec.Command(cc, "-Wall", "-Wextra", "-Werror", "-O2", "-pthread", "-o", program, "../examples/c/daemon.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	state := written(t, t.TempDir(), "state", "all that there is to know")
	backendtest.Run(t, generous(backendtest.Command{
		Args:  []string{program, state},
		State: state,
		Send:  "world\n", Expect: "hello, world\n",
	}))
}

// TestFailing is run by TestRunFails alone: a daemon that does not listen.
func TestFailing(t *testing.T) {
	if os.Getenv("DAEMONRY_BACKENDTEST_FAIL") == "" {
		t.Skip("run by TestRunFails")
	}
	backendtest.Run(t, backendtest.Command{Args: []string{os.Args[0]}, Env: []string{roleVariable + "=deaf"}})
}

// Run fails the test, and says all that it knows.
func TestRunFails(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFailing$", "-test.v")
	cmd.Env = append(os.Environ(), "DAEMONRY_BACKENDTEST_FAIL=1")
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); !failed {
		t.Errorf("%v, want that it fails", err)
	}
	for _, says := range []string{
		"--- FAIL: TestFailing/inherit/takes-listener", "--- FAIL: TestFailing/bind/binds", "exited with status 1",
		"hint: accept on descriptor 3", "  | deaf: not listening to anybody", "--- SKIP: TestFailing/inherit/queue",
	} {
		if !strings.Contains(string(out), says) {
			t.Errorf("%q is missing from:\n%s", says, out)
		}
	}
}

// Endpoints of parallel tests do not collide, and all can be bound and dialled.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 20 {
		e := backendtest.Endpoint(t)
		if seen[e.String()] {
			t.Errorf("%s came twice", e)
		}
		seen[e.String()] = true
		l, err := backend.Listen(e)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	var path string
	t.Run("ends", func(t *testing.T) { path = backendtest.Endpoint(t).String() })
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}

// A backend runs in the test's own process.
func TestEndpointWithBootstrap(t *testing.T) {
	t.Setenv("WORDS", written(t, t.TempDir(), "words", "hello"))
	e := backendtest.Endpoint(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- backend.Bootstrap[greet](ctx, e) }()
	conn := dial(t, e)
	defer conn.Close()
	answer := make([]byte, 100)
	if _, err := conn.Write([]byte("you\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(answer); err != nil || string(answer[:n]) != "hello, you\n" {
		t.Errorf("%q, %v", answer[:n], err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// dial connects as soon as there is something.
func dial(t *testing.T, e backend.Endpoint) net.Conn {
	t.Helper()
	for t.Context().Err() == nil {
		if conn, err := net.Dial(e.Network(), e.String()); err == nil {
			return conn
		}
		<-time.After(time.Millisecond)
	}
	t.Fatal("nobody listened")
	return nil
}
