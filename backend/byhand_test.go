//go:build linux

package backend

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/record"
)

func (p *place) byHand() []string { return []string{"DAEMONRY_ENDPOINT=" + p.e.String()} }

// deadSocket leaves a socket that nobody listens on.
func (p *place) deadSocket() {
	p.t.Helper()
	p.listen().Close()
	if _, err := net.Dial("unix", p.e.address); err == nil {
		p.t.Fatal("the socket is not dead")
	}
}

func TestByHandReplacesADeadSocket(t *testing.T) {
	p := newPlace(t)
	p.deadSocket()
	d := p.start("echo", p.byHand())
	p.bound()
	p.ready()
	p.echoes("alive")
	d.stop()
}

func TestByHandClearsNothingWhileABrokerRuns(t *testing.T) {
	p := newPlace(t)
	p.deadSocket()
	lock, err := endpoint.TryLock(filepath.Join(p.private(), "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	d := p.start("echo", p.byHand())
	if status, _ := d.wait(); status != 1 || !strings.Contains(d.stderr.String(), "endpoint already bound") {
		t.Errorf("status %d, %s", status, d.stderr.String())
	}
	if !exists(p.e.address) {
		t.Error("the broker's socket was removed")
	}
}

func TestByHandLeavesFilesAlone(t *testing.T) {
	p := newPlace(t)
	if err := os.WriteFile(p.e.address, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := p.start("echo", p.byHand())
	if status, _ := d.wait(); status != 1 || !strings.Contains(d.stderr.String(), "bind error") {
		t.Errorf("status %d, %s", status, d.stderr.String())
	}
	if data, err := os.ReadFile(p.e.address); err != nil || string(data) != "precious" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestByHandRefusesADirectoryThatOthersReach(t *testing.T) {
	p := newPlace(t)
	if err := os.Chmod(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := p.start("echo", p.byHand())
	if status, _ := d.wait(); status != 1 || !strings.Contains(d.stderr.String(), "unsafe") {
		t.Errorf("status %d, %s", status, d.stderr.String())
	}
}

// Many at once on a dead socket: one serves, the others say why they do not.
func TestByHandOnlyOneWins(t *testing.T) {
	p := newPlace(t)
	p.deadSocket()
	daemons := make([]*daemon, 8)
	for i := range daemons {
		daemons[i] = p.start("echo", p.byHand())
	}
	ready := 0
	for range len(daemons) + 1 {
		switch m := p.next(); {
		case m.Bound:
		case m.Ready:
			ready++
		case m.BindErrorKind != string(KindAlreadyBound):
			t.Errorf("told %+v", m)
		}
	}
	if ready != 1 {
		t.Errorf("%d daemons are ready", ready)
	}
	p.echoes("the one")
}

func TestByHandPassesTheNumbersOfEarlierOnes(t *testing.T) {
	p := newPlace(t)
	p.lock(41)
	d := p.start("trace", append(p.byHand(), "TRACE_DIR=/nonexistent"))
	d.line()
	if got := d.line(); !strings.HasSuffix(got, "generation 42") {
		t.Errorf("got %q", got)
	}
	if _, err := record.Read(record.Path(p.private(), "test", 42)); err != nil {
		t.Error(err)
	}
	d.stop()
}

// Without any variable the endpoint is the one that clients of a service called
// like the program dial.
func TestByHandTheProgramNamesTheService(t *testing.T) {
	p := newPlace(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(p.dir, "hello")
	if err := os.Symlink(exe, program); err != nil {
		t.Fatal(err)
	}
	d := p.run(exec.Command(program), "echo", []string{"DAEMONRY_RUNTIME_DIR=" + p.dir}, nil)
	p.bound()
	p.ready()
	p.e.address = filepath.Join(p.dir, "hello.sock")
	p.echoes("by name")
	d.stop()
}

func TestOtherUsersAreNotLetIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to connect as another user")
	}
	p := newPlace(t)
	l := p.listen() // its directory must be open, so not by hand
	for path, mode := range map[string]os.FileMode{p.dir: 0o755, p.e.address: 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	d := p.start("echo", p.inherited(1), l)
	p.ready()
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(p.dir, "stranger")
	if err := os.WriteFile(program, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command(program)
	stranger.Dir, stranger.Env = "/", []string{"BACKEND_TEST_CLIENT=" + p.e.address}
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := stranger.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), `got ""`) {
		t.Errorf("%s, %v", out, err)
	}
	p.echoes("mine")
	d.stop()
}
