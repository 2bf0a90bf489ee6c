//go:build linux

package process

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// roleVariable makes the test binary play another program.
const roleVariable = "DAEMONRY_PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		// Whoever runs the tests may have left descriptors open for them, and the
		// fuzzer needs some of its own.
		for _, fd := range must(numbers("/proc/self/fd")) {
			if fd > 2 {
				unix.CloseOnExec(fd)
			}
		}
		goleak.VerifyTestMain(m)
	case "hold":
		playHold()
	case "status":
		playStatus()
	case "close-inherited":
		playCloseInherited()
	default:
		panic(role)
	}
}

// play returns the command that runs this binary in a role.
func play(role string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	return v
}

// playHold is a broker that is killed before it opens the gate: it starts a
// command that would create its argument.
func playHold() {
	g := must(Start(Spec{Argv: []string{"/bin/sh", "-c", `: >"$1"`, "sh", os.Args[1]}}))
	json.NewEncoder(os.Stdout).Encode(g.Process().Identity())
	select {} // until it is killed
}

// playStatus starts a command that reports its own state on standard output.
func playStatus() {
	g := must(Start(Spec{Argv: []string{"/bin/cat", "/proc/self/status"}, Stdout: 1, Stderr: 2}))
	must(0, g.Open())
	exit := must(g.Process().Wait(timeout()))
	must(0, g.Process().Reap())
	if exit.Code != 0 {
		os.Exit(4)
	}
}

// playCloseInherited was given stray descriptors 3, 4 and 5, and keeps 4.
func playCloseInherited() {
	l := must(net.Listen("unix", "")) // an abstract name: nothing to clean up; has Go's poller started
	must(0, CloseInherited(4))
	for fd := 3; fd <= 5; fd++ {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		fmt.Println(fd, err)
	}
	go func() { must(net.Dial("unix", l.Addr().String())).Close() }()
	must(l.Accept()).Close()
	fmt.Println("poller works")
}

// started starts the command and cleans up after it.
func started(t *testing.T, s Spec) *Gated {
	t.Helper()
	g, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dispose(g) })
	return g
}

// dispose ends whatever came of the gate.
func dispose(g *Gated) {
	p := g.Process()
	_ = p.SignalGroup(syscall.SIGKILL)
	if _, err := p.Wait(timeout()); err == nil {
		_ = p.Reap()
	}
	p.Close()
}

// ran starts the command, lets it run to its end and returns what it printed.
func ran(t *testing.T, s Spec) (string, Exit) {
	t.Helper()
	out := outputFile(t)
	s.Stdout, s.Stderr = int(out.Fd()), int(out.Fd())
	g := started(t, s)
	opened(t, g)
	exit := ended(t, g.Process())
	b, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b), exit
}

func outputFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "out"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func opened(t *testing.T, g *Gated) {
	t.Helper()
	if err := g.Open(); err != nil {
		t.Fatal(err)
	}
}

func ended(t *testing.T, p *Process) Exit {
	t.Helper()
	exit, err := p.Wait(timeout())
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

// talking starts a command whose standard output is read line by line.
func talking(t *testing.T, argv ...string) (*Gated, func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	g := started(t, Spec{Argv: argv, Stdout: int(w.Fd())})
	w.Close()
	opened(t, g)
	lines := bufio.NewScanner(r)
	return g, func() string {
		t.Helper()
		if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatalf("no line came: %v", lines.Err())
		}
		return lines.Text()
	}
}

// field returns the value of a line "name:\tvalue" of /proc/PID/status.
func field(t *testing.T, status, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut("\n"+status, "\n"+name+":")
	if !ok {
		t.Fatalf("no %s in %q", name, status)
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// descriptors counts those of this process, after closing what is garbage.
func descriptors(t *testing.T) int {
	t.Helper()
	runtime.GC()
	fds, err := numbers("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}
