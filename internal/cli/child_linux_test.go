package cli

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// resolved is a stand whose x is at /r/x.sock.
func resolved(t *testing.T) *stand {
	s := newStand(t)
	s.serve(&fakeBroker{resolve: answers("/r/x.sock", &daemonryv1.ResolveResponse{Service: "x", Network: "unix", Address: "/r/x.sock", State: "ready", Ready: true})})
	return s
}

func TestExecReturnsTheCode(t *testing.T) {
	s := resolved(t)
	noInterpreter := filepath.Join(t.TempDir(), "script")
	check(t, os.WriteFile(noInterpreter, []byte("#!/no/such/interpreter\n"), 0o700))
	for _, test := range []struct {
		code    int
		command []string
	}{
		{0, []string{"true"}},
		{7, []string{"sh", "-c", "exit 7"}},
		{128 + 9, []string{"sh", "-c", "kill -KILL $$"}},
		{128 + 15, []string{"sh", "-c", "kill -TERM $$"}},
		{127, []string{"no-such-program"}},
		{127, []string{"/no/such/program"}},
		{126, []string{"/etc/passwd"}},
		{126, []string{"/tmp"}},
		{127, []string{noInterpreter}},
	} {
		s.want(test.code, append([]string{"exec", "x", "--"}, test.command...)...)
		if own := test.code == 126 || test.code == 127; own != (s.err.Len() > 0) {
			t.Errorf("%v: stderr %q", test.command, &s.err)
		}
	}
}

func TestExecGivesTheEndpoint(t *testing.T) {
	s := resolved(t)
	s.console.in = strings.NewReader("input")
	s.want(exitDone, "exec", "x", "--wait-ready", "--", "sh", "-c", `echo "$DAEMONRY_ENDPOINT"; cat; echo error >&2`)
	if s.out.String() != "/r/x.sock\ninput" || s.err.String() != "error\n" {
		t.Errorf("stdout %q, stderr %q", &s.out, &s.err)
	}
}

// program starts the test binary as the command line in a session of its own,
// without a terminal.
func program(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), envPlay+"=daemonry")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewReader(out)
}

// line reads one line of a program's output.
func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	text, err := r.ReadString('\n')
	check(t, err)
	return strings.TrimSuffix(text, "\n")
}

// A signal to daemonry reaches COMMAND, whose own code is returned.
func TestExecPassesSignals(t *testing.T) {
	resolved(t)
	for _, test := range []struct {
		signal syscall.Signal
		script string
		code   int
	}{
		{syscall.SIGTERM, `trap 'exit 3' TERM; echo up; while :; do sleep 0.01; done`, 3},
		{syscall.SIGINT, `trap 'exit 4' INT; echo up; while :; do sleep 0.01; done`, 4},
		{syscall.SIGUSR1, `trap 'exit 5' USR1; echo up; while :; do sleep 0.01; done`, 5},
		{syscall.SIGTERM, `echo up; while :; do sleep 0.01; done`, 128 + 15},
	} {
		cmd, out := program(t, "exec", "x", "--", "sh", "-c", test.script)
		line(t, out)
		check(t, cmd.Process.Signal(test.signal))
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != test.code {
			t.Errorf("%v to %q: exit code %d, want %d", test.signal, test.script, got, test.code)
		}
	}
}

// What nohup made ignored stays ignored in COMMAND.
func TestExecKeepsIgnoredSignals(t *testing.T) {
	s := resolved(t)
	self, err := os.Executable()
	check(t, err)
	t.Setenv(envPlay, "daemonry")
	cmd := exec.Command("sh", "-c", `trap '' HUP; exec "$0" exec x -- sh -c 'kill -HUP $$; echo alive'`, self)
	text, err := cmd.CombinedOutput()
	check(t, err)
	if string(text) != "alive\n" {
		t.Errorf("got %q", text)
	}
	_ = s
}

// opened is a session that runs script, which begins by printing three lines:
// its pid, the runtime directory, the directory above.
func opened(t *testing.T, script string) (cmd *exec.Cmd, out *bufio.Reader, pid, root string) {
	t.Helper()
	newStand(t)
	self, err := os.Executable()
	check(t, err)
	t.Setenv(envBroker, self)
	cmd, out = program(t, "session", "--", "sh", "-c", `echo $$; echo "$DAEMONRY_RUNTIME_DIR"; `+script)
	pid = line(t, out)
	return cmd, out, pid, filepath.Dir(line(t, out))
}

// exists reports whether path does.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// The session's broker answers COMMAND; at the end nothing of it is left.
func TestSession(t *testing.T) {
	cmd, out, _, root := opened(t, `env | grep ^DAEMONRY_DOMAIN; cat "$DAEMONRY_RUNTIME_DIR/broker.d/session"; echo; ls "$DAEMONRY_RUNTIME_DIR/broker.d/control.sock" "$DAEMONRY_CONFIG_DIR" "$DAEMONRY_STATE_DIR" >/dev/null || exit 99; exit 5`)
	if marker := line(t, out); marker != root {
		t.Errorf("the marker says %q, not %q", marker, root)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 5 {
		t.Errorf("exit code %d", got)
	}
	if exists(root) {
		t.Errorf("%s is left", root)
	}
	if len(root) > 20 {
		t.Errorf("%s leaves little of sun_path", root)
	}
}

// SIGTERM ends COMMAND, and the session cleans up after it.
func TestSessionTerminated(t *testing.T) {
	cmd, _, _, root := opened(t, `exec sleep 60`)
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 128+15 || exists(root) {
		t.Errorf("exit code %d, directory left: %t", got, exists(root))
	}
}

// SIGKILL to the session kills COMMAND and gives the lock to the broker, which
// cleans up; COMMAND itself does not hold the lock.
func TestSessionKilled(t *testing.T) {
	cmd, out, _, root := opened(t, `ls -l /proc/self/fd | grep -c broker.d/session; exec sleep 60`)
	if held := line(t, out); held != "0" {
		t.Errorf("COMMAND holds the lock")
	}
	marker, err := os.Open(filepath.Join(root, "r", "broker.d", "session"))
	check(t, err)
	if err := unix.Flock(int(marker.Fd()), unix.LOCK_SH|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("the session does not hold its lock: %v", err)
	}
	check(t, marker.Close())
	check(t, cmd.Process.Kill())
	_, _ = out.ReadString(0) // the end of the output: COMMAND has gone as well
	_ = cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); exists(root); {
		if time.Now().After(deadline) {
			t.Fatalf("%s is left", root)
		}
		waitChange(t, filepath.Dir(root))
	}
}

// A session whose broker does not come up says so and leaves nothing.
func TestSessionWithoutBroker(t *testing.T) {
	s := newStand(t)
	t.Setenv("TMPDIR", s.dirs.Runtime+"-tmp")
	check(t, os.Mkdir(s.dirs.Runtime+"-tmp", 0o700))
	s.want(exitOwn, "session", "--", "true")
	says(t, s.err.String(), "daemonry: cannot reach the broker: ")
	left, err := os.ReadDir(s.dirs.Runtime + "-tmp")
	check(t, err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// waitChange waits up to a tenth of a second for dir to change.
func waitChange(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
	check(t, err)
	defer unix.Close(fd)
	_, err = unix.InotifyAddWatch(fd, dir, unix.IN_DELETE)
	check(t, err)
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
}
