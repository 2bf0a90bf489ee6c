//go:build linux

package backend

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
)

func TestAnInheritedListenerIsServedWithoutBind(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	queued := p.dial() // before the daemon exists
	d := p.start("echo", p.inherited(7), l, p.lock(7))
	d.expect("serve") // and not "bind"
	p.ready()
	if got := ask(t, queued, "early bird"); got != "early bird" {
		t.Errorf("got %q", got)
	}
	p.echoes("second")
	d.stop()
	if m := p.next(); !m.Stopping {
		t.Errorf("got %+v, want STOPPING=1", m)
	}
	if !exists(p.e.address) {
		t.Error("the daemon removed a path that is not its own")
	}
}

func TestWhatIsForTheDaemonAloneDoesNotReachItsChildren(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", p.inherited(1), p.listen(), p.lock(1))
	d.expect("serve")
	environment := ask(t, p.dial(), "environment")
	for _, name := range forUsAlone() {
		if strings.Contains(environment, name+"=") {
			t.Errorf("%s is still there: %s", name, environment)
		}
	}
	if !strings.Contains(environment, "DAEMONRY_SERVICE=test") {
		t.Errorf("what is for everybody is gone: %s", environment)
	}
	// Only the lock, which vouches for children too: descriptor 4, after one listener.
	// (And what whoever runs this test left open for its children.)
	want := "inheritable: 4" + strings.TrimPrefix(strings.TrimSpace(descriptorFlags()), "inheritable:")
	if got := ask(t, p.dial(), "flags"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d.stop()
}

func TestTheQueueIsTheSuccessors(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	first := p.start("echo", p.inherited(1), l)
	p.ready()
	p.echoes("one")
	first.stop()
	p.next() // STOPPING=1
	waiting := p.dial()
	second := p.start("echo", p.inherited(2), l)
	p.ready()
	if got := ask(t, waiting, "two"); got != "two" {
		t.Errorf("got %q", got)
	}
	second.stop()
}

func TestAStopFinishesWhatWasAccepted(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", p.inherited(1), p.listen())
	d.expect("serve")
	p.ready()
	c := p.dial()
	io.WriteString(c, "hold\n")
	d.expect("holding")
	d.signal(syscall.SIGTERM)
	if m := p.next(); !m.Stopping {
		t.Fatalf("got %+v, want STOPPING=1", m)
	}
	d.signal(syscall.SIGTERM) // repeated by a nervous supervisor
	if got := ask(t, c, "the end"); got != "the end" {
		t.Errorf("got %q", got)
	}
	if status, _ := d.wait(); status != 0 {
		t.Errorf("exit status %d: %s", status, d.stderr.String())
	}
}

func TestASecondInterruptEndsAtOnce(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", p.inherited(1), p.listen())
	d.expect("serve")
	p.ready()
	io.WriteString(p.dial(), "hold\n")
	d.expect("holding")
	d.signal(syscall.SIGINT)
	p.next() // STOPPING=1: the first was taken
	d.signal(syscall.SIGINT)
	if status, _ := d.wait(); status != exitInterrupted {
		t.Errorf("exit status %d, want %d", status, exitInterrupted)
	}
}

// Another holder of the listener clears the O_NONBLOCK that all share: Accept then
// sits in the kernel, past Close. The stop must not wait for it.
func TestAStopDoesNotWaitForAccept(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	d := p.start("echo", p.inherited(1), l)
	p.ready()
	if err := unix.SetNonblock(int(l.Fd()), false); err != nil {
		t.Fatal(err)
	}
	p.echoes("one") // wakes the parked Accept; the next one blocks
	d.stop()
}

// And what such an Accept returns late is served.
func TestWhatAcceptReturnsLateIsServed(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	d := p.start("echo", p.inherited(1), l)
	d.expect("serve")
	p.ready()
	if err := unix.SetNonblock(int(l.Fd()), false); err != nil {
		t.Fatal(err)
	}
	held := p.dial() // wakes the parked Accept; the next one blocks
	io.WriteString(held, "hold\n")
	d.expect("holding")
	d.signal(syscall.SIGTERM)
	p.next() // STOPPING=1
	p.echoes("late")
	if got := ask(t, held, "held"); got != "held" {
		t.Errorf("got %q", got)
	}
	if status, _ := d.wait(); status != 0 {
		t.Errorf("exit status %d: %s", status, d.stderr.String())
	}
}

// Sharing means that a daemon that starts must not make another's Accept block.
func TestNonblockIsNeverCleared(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	if err := unix.SetNonblock(int(l.Fd()), true); err != nil {
		t.Fatal(err)
	}
	for generation := range uint64(3) {
		d := p.start("echo", p.inherited(generation+1), l)
		p.ready()
		p.echoes("x")
		d.stop()
		p.next() // STOPPING=1
		flags, err := unix.FcntlInt(l.Fd(), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Fatalf("flags %x, %v: O_NONBLOCK was cleared", flags, err)
		}
	}
}

func TestDescriptorsThatAreNoListenersAreRefused(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	connected, other := os.NewFile(uintptr(pair[0]), "pair"), os.NewFile(uintptr(pair[1]), "pair")
	defer connected.Close()
	defer other.Close()
	for name, f := range map[string]*os.File{"a file": null, "a connection": connected} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			d := p.start("echo", p.inherited(1), f)
			status, printed := d.wait()
			if status != 1 || len(printed) != 0 || !strings.Contains(d.stderr.String(), "inherited listener 1 (test)") {
				t.Errorf("status %d, printed %q, stderr %s", status, printed, d.stderr.String())
			}
			if m := p.next(); m.BindErrorKind == "" || !strings.Contains(m.BindError, "inherited listener 1") {
				t.Errorf("told %+v", m)
			}
		})
	}
}

func TestListenersOfAnotherProcessAreNotTaken(t *testing.T) {
	p := newPlace(t)
	// LISTEN_PID is a parent's: the program was started by one that took its listeners.
	env := append(p.inherited(1), "DAEMONRY_RECORD=", "DAEMONRY_ENDPOINT="+p.e.String())
	d := p.startPlain("echo", append(env, "LISTEN_PID=1"), p.listenElsewhere())
	d.expect("bind")
	d.expect("serve")
	p.bound()
	p.ready()
	p.echoes("own")
	d.stop()
}

func (p *place) listenElsewhere() *os.File {
	old := p.e
	defer func() { p.e = old }()
	p.e.address = filepath.Join(p.dir, "elsewhere.sock")
	return p.listen()
}

// Plain socket activation, as by systemd: nothing of ours in the environment.
func TestSystemdsVariablesAreEnough(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", []string{"LISTEN_FDS=1"}, p.listen())
	d.expect("serve")
	p.ready()
	p.echoes("plain")
	d.stop()
}

func TestAnAcceptLoopOfOnesOwn(t *testing.T) {
	p := newPlace(t)
	d := p.start("own loop", p.inherited(1), p.listen(), p.lock(1))
	p.ready() // at its first Accept
	p.echoes("x")
	d.stop()
	if m := p.next(); !m.Stopping {
		t.Errorf("told %+v", m)
	}
}

func TestNamedListeners(t *testing.T) {
	p := newPlace(t)
	tcp, err := endpoint.ListenTCP("127.0.0.1:0", 10)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(tcp.FD()), "tcp") // closes it, too
	defer f.Close()
	env := append(p.inherited(1), "LISTEN_FDS=2", "LISTEN_FDNAMES=test:metrics")
	d := p.start("many", env, p.listen(), f, p.lock(1))
	p.ready()
	if got, err := io.ReadAll(p.dial()); err != nil || string(got) != "test unix\n" {
		t.Errorf("got %q, %v", got, err)
	}
	c, err := net.Dial("tcp", tcp.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := io.ReadAll(c); err != nil || string(got) != "metrics tcp\n" {
		t.Errorf("got %q, %v", got, err)
	}
	d.stop()
}

func TestAnHTTPServerDrains(t *testing.T) {
	p := newPlace(t)
	fifo := filepath.Join(p.dir, "go")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	d := p.start("web", append(p.inherited(1), "WEB_GO="+fifo), p.listen())
	p.ready()
	answer := make(chan string, 1)
	c := p.dial()
	go func() {
		fmt.Fprint(c, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n")
		data, err := io.ReadAll(c)
		answer <- fmt.Sprint(string(data), err)
	}()
	d.expect("holding")
	d.signal(syscall.SIGTERM)
	p.next() // STOPPING=1
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got := <-answer; !strings.HasPrefix(got, fmt.Sprintf("HTTP/1.1 %d", http.StatusOK)) || !strings.Contains(got, "web") {
		t.Errorf("got %q", got)
	}
	if status, _ := d.wait(); status != 0 {
		t.Errorf("exit status %d: %s", status, d.stderr.String())
	}
}
