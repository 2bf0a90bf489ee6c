//go:build linux

package backend

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// place is a runtime directory with a starter's things in it.
type place struct {
	t      *testing.T
	dir    string
	e      Endpoint
	notify *notify.Socket
	told   chan notify.Message
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir, err := os.MkdirTemp("", "d") // t.TempDir is too long for sun_path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &place{t: t, dir: dir, told: make(chan notify.Message, 100)}
	if p.e, err = ParseEndpoint(filepath.Join(dir, "test.sock")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.private(), 0o700); err != nil {
		t.Fatal(err)
	}
	if p.notify, err = notify.Listen(filepath.Join(p.private(), "x.notify")); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			m, err := p.notify.Receive()
			if err != nil {
				return
			}
			p.told <- m
		}
	}()
	t.Cleanup(func() { p.notify.Close(); <-ended })
	return p
}

func (p *place) private() string { return filepath.Join(p.dir, endpoint.PrivateDir) }

// next waits for the next thing the daemon says to its starter.
func (p *place) next() notify.Message {
	p.t.Helper()
	for timer := time.After(patience); ; {
		select {
		case m := <-p.told:
			if !m.Serving && !m.Binding && !m.Barrier {
				return m
			}
		case <-timer:
			p.t.Fatal("the daemon said nothing")
		}
	}
}

func (p *place) bound() {
	p.t.Helper()
	if m := p.next(); !m.Bound {
		p.t.Fatalf("got %+v, want that it is bound", m)
	}
}

func (p *place) ready() {
	p.t.Helper()
	if m := p.next(); !m.Ready {
		p.t.Fatalf("got %+v, want READY=1", m)
	}
}

// quiet checks that nothing was said. Its own message is the fence.
func (p *place) quiet() {
	p.t.Helper()
	if err := notify.Send(p.notify.Path(), "STATUS=fence"); err != nil {
		p.t.Fatal(err)
	}
	if m := p.next(); m.Status != "fence" {
		p.t.Errorf("the daemon said %+v", m)
	}
}

// daemon is a process that runs one of TestMain's daemons.
type daemon struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // of its standard output
	stderr bytes.Buffer
}

// start runs a daemon. files become descriptors 3, 4, …; LISTEN_PID is its own if
// listeners are among them.
func (p *place) start(role string, env []string, files ...*os.File) *daemon {
	p.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.run(exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$@"`, "gate", exe), role, env, files)
}

// startPlain is start without LISTEN_PID.
func (p *place) startPlain(role string, env []string, files ...*os.File) *daemon {
	p.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.run(exec.Command(exe), role, env, files)
}

func (p *place) run(cmd *exec.Cmd, role string, env []string, files []*os.File) *daemon {
	p.t.Helper()
	d := &daemon{t: p.t, cmd: cmd, lines: make(chan string, 100)}
	d.cmd.Env = append([]string{roleVariable + "=" + role, "NOTIFY_SOCKET=" + p.notify.Path(), "GORACE=exitcode=66 atexit_sleep_ms=0"}, env...)
	d.cmd.ExtraFiles = files
	d.cmd.Stderr = &d.stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { d.cmd.Process.Kill(); d.wait() })
	go func() {
		defer close(d.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			d.lines <- in.Text()
		}
	}()
	return d
}

// line waits for the next line, "" at the end of the output.
func (d *daemon) line() string {
	d.t.Helper()
	select {
	case s := <-d.lines:
		return s
	case <-time.After(patience):
		d.t.Fatal("the daemon printed nothing")
		return ""
	}
}

func (d *daemon) expect(want string) {
	d.t.Helper()
	if got := d.line(); got != want {
		d.t.Fatalf("the daemon printed %q, want %q; stderr: %s", got, want, d.stderr.String())
	}
}

func (d *daemon) signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// wait returns the exit status and what else was printed.
func (d *daemon) wait() (status int, printed []string) {
	timer := time.AfterFunc(patience, func() { d.cmd.Process.Kill() })
	defer timer.Stop()
	for s := range d.lines {
		printed = append(printed, s)
	}
	if err := d.cmd.Wait(); err != nil && d.cmd.ProcessState == nil {
		d.t.Error(err)
	}
	return d.cmd.ProcessState.ExitCode(), printed
}

// stop ends the daemon as a starter does, and expects it to end well.
func (d *daemon) stop() {
	d.t.Helper()
	d.signal(syscall.SIGTERM)
	if status, _ := d.wait(); status != 0 {
		d.t.Fatalf("exit status %d; stderr: %s", status, d.stderr.String())
	}
}

// listen binds as a broker does: raw, so that no flag is touched.
func (p *place) listen() *os.File {
	p.t.Helper()
	l, err := endpoint.ListenUnix(p.e.address, 100)
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	fd, err := unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	p.t.Cleanup(func() { f.Close() })
	return f
}

// inherited is the environment of a daemon whose listener is bound by its broker.
func (p *place) inherited(generation uint64) []string {
	return []string{
		"LISTEN_FDS=1", "LISTEN_FDNAMES=test", "DAEMONRY_SERVICE=test", fmt.Sprintf("DAEMONRY_GENERATION=%d", generation),
		"DAEMONRY_ENDPOINT=" + p.e.String(), "DAEMONRY_RECORD=" + record.Path(p.private(), "test", generation),
	}
}

// lock makes a generation's record, as a broker does before the first instruction.
// The record names this process, which is alive.
func (p *place) lock(generation uint64) *os.File {
	p.t.Helper()
	lock, err := record.Create(p.private(), "test", generation)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { lock.Close() })
	id, err := process.Self()
	if err != nil {
		p.t.Fatal(err)
	}
	err = record.Write(p.private(), "test", record.Record{
		Service: "test", Generation: generation, Phase: record.Starting, Identity: id, UID: os.Geteuid(),
		Endpoint: p.e.String(), Mode: "bind", Command: os.Args, CreatedAt: time.Now(),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return lock.File()
}

func (p *place) dial() net.Conn {
	p.t.Helper()
	c, err := net.Dial("unix", p.e.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// ask sends a line on c and returns all that comes back.
func ask(t *testing.T, c net.Conn, line string) string {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(data), "\n")
}

func (p *place) echoes(text string) {
	p.t.Helper()
	if got := ask(p.t, p.dial(), text); got != text {
		p.t.Fatalf("got %q, want %q", got, text)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, os.ErrNotExist)
}
