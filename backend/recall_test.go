//go:build linux

package backend

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/record"
)

// recall asks the daemon for its listener, as an adopting broker does.
func (p *place) recall() (*endpoint.Listener, string) {
	p.t.Helper()
	if err := notify.Send(notify.RecallPath(p.notify.Path()), notify.RecallLine); err != nil {
		p.t.Fatal(err)
	}
	m := p.next()
	if !m.FDStore || len(m.Files) != 1 {
		p.t.Fatalf("told %+v, want a descriptor", m)
	}
	l, err := endpoint.FromFD(m.Files[0])
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	return l, m.FDName
}

func TestABrokerGetsTheListenerBack(t *testing.T) {
	p := newPlace(t)
	l := p.listen()
	d := p.start("echo", p.inherited(1), l)
	p.ready()
	l.Close() // the broker is gone; only the daemon holds the socket
	for range 2 {
		back, name := p.recall()
		if back.Address() != p.e.address || name != "test" {
			t.Errorf("got %s called %q", back.Address(), name)
		}
	}
	back, _ := p.recall()
	d.cmd.Process.Kill()
	d.wait()
	p.dial() // what the recalled copy keeps open
	if fd, err := back.Accept(); err != nil {
		t.Error(err)
	} else {
		unix.Close(fd)
	}
}

func TestADaemonCleansUpBehindItself(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", p.inherited(1), p.listen())
	p.ready()
	path := notify.RecallPath(p.notify.Path())
	if !exists(path) {
		t.Fatal("nobody can ask it")
	}
	d.stop()
	if exists(path) {
		t.Error("its socket was left behind")
	}
}

// The broker looks for the listener at the number it gave, or at the one in the record.
func TestTheListenerKeepsItsNumber(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", p.inherited(1), p.listen())
	p.ready()
	p.echoes("x")
	listens(t, d.cmd.Process.Pid, firstFD)
	d.stop()

	q := newPlace(t)
	d = q.start("echo", q.byHand())
	q.bound()
	r, err := record.Read(record.Path(q.private(), "test", 1))
	if err != nil || len(r.Listeners) != 1 || r.Listeners[0].FD == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	listens(t, d.cmd.Process.Pid, r.Listeners[0].FD)
	d.stop()
}

// listens checks that a process has a listening socket with that number.
func listens(t *testing.T, pid, number int) {
	t.Helper()
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, number, 0)
	if err != nil {
		t.Fatal(err)
	}
	l, err := endpoint.FromFD(fd)
	if err != nil {
		t.Fatal(errors.Join(err, unix.Close(fd)))
	}
	l.Close()
}

// A daemon run by hand tells a broker that comes later.
func TestByHandTellsALaterBroker(t *testing.T) {
	p := newPlace(t)
	d := p.start("echo", append(p.byHand(), "NOTIFY_SOCKET="))
	d.expect("bind")
	d.expect("serve")
	r, err := record.Read(record.Path(p.private(), "test", 1))
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(p.private(), endpoint.Short("test")+"."+strconv.Itoa(1)+".notify"); r.Notify != want {
		t.Fatalf("notify %q, want %q", r.Notify, want)
	}
	p.echoes("up")
	p.notify.Close()
	if p.notify, err = notify.Listen(r.Notify); err != nil {
		t.Fatal(err)
	}
	defer p.notify.Close()
	d.stop()
	if m, err := p.notify.Receive(); err != nil || !m.Stopping || !m.Ready {
		t.Errorf("told %+v, %v, want STOPPING=1 with the READY=1 that nobody heard", m, err)
	}
	if _, err := os.Lstat(r.Notify); err != nil {
		t.Error(err) // the broker's own
	}
}
