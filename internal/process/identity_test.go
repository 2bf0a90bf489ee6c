//go:build linux

package process

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

func reasonFor(t *testing.T, id Identity) Reason {
	t.Helper()
	err := id.Check()
	var not *NotSameError
	if err != nil && !errors.As(err, &not) {
		t.Fatal(err)
	}
	if not == nil {
		return ""
	}
	return not.Reason
}

func TestCheck(t *testing.T) {
	self, err := Self()
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*Identity)) Identity { id := self; change(&id); return id }
	for _, c := range []struct {
		id   Identity
		want Reason
	}{
		{self, ""},
		{with(func(id *Identity) { id.Start-- }), Recycled},
		{with(func(id *Identity) { id.Boot = "another" }), OtherBoot},
		{with(func(id *Identity) { id.PIDNS++ }), OtherNamespace},
		{with(func(id *Identity) { id.PID = 1 << 22 }), Gone}, // above the kernel's largest
		{with(func(id *Identity) { id.PID = 0 }), Gone},
		{with(func(id *Identity) { id.PID = -1 }), Gone},
	} {
		if got := reasonFor(t, c.id); got != c.want {
			t.Errorf("%+v: %q, want %q", c.id, got, c.want)
		}
		if p, err := Attach(c.id); err == nil {
			p.Close()
			if c.want != "" {
				t.Errorf("attached to %+v", c.id)
			}
		}
	}
}

// TestRealRecycling has the kernel give the same number again, by setting the
// last one that it gave. Only a privileged process may.
func TestRealRecycling(t *testing.T) {
	const knob = "/proc/sys/kernel/ns_last_pid"
	if err := rewind(knob, os.Getpid()); errors.Is(err, os.ErrPermission) {
		t.Skip("only a privileged process can have a number used again: ", err)
	}
	g := started(t, Spec{Argv: []string{"/bin/sleep", "1000"}})
	p, id := g.Process(), g.Process().Identity()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, p)
	if err := p.Reap(); err != nil {
		t.Fatal(err)
	}
	<-time.After(2 * time.Second / userHZ) // start times differ from the next tick on
	other := successor(t, knob, id.PID)
	if got := reasonFor(t, id); got != Recycled {
		t.Errorf("%q, want recycled", got)
	}
	if p, err := Attach(id); err == nil {
		p.Close()
		t.Error("attached to the successor")
	}
	for name, err := range map[string]error{
		"signal":          p.Signal(syscall.SIGKILL),
		"group signal":    p.SignalGroup(syscall.SIGKILL),
		"group by number": p.killGroupLocked(syscall.SIGKILL),
	} {
		if !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s: %v, want ESRCH", name, err)
		}
	}
	if err := other.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the successor was hit: %v", err)
	}
	if st, err := readStat(id.PID); err != nil || st.dead() || st.group != id.PID {
		t.Errorf("the successor: %+v, %v", st, err)
	}
}

func rewind(knob string, pid int) error {
	return os.WriteFile(knob, []byte(strconv.Itoa(pid-1)), 0)
}

// successor starts processes until one has the pid and leads a group of that
// number. Others on this machine may take it first, and let it go again.
func successor(t *testing.T, knob string, pid int) *os.Process {
	t.Helper()
	for ctx := timeout(); ctx.Err() == nil; {
		if err := rewind(knob, pid); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		end := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
		if cmd.Process.Pid == pid {
			t.Cleanup(end)
			return cmd.Process
		}
		end()
	}
	t.Fatalf("the number %d was not given again", pid)
	return nil
}

func TestParseStat(t *testing.T) {
	rest := " S 1 77 77 0 -1 4194304 1 0 0 0 5 7 0 0 20 0 3 0 4711 0 0"
	for _, name := range []string{"sh", "a) R 1 (b", "new\nline", ""} {
		s, err := parseStat("42 (" + name + ")" + rest)
		want := stat{comm: name, state: 'S', group: 77, threads: 3, cpu: 120 * time.Millisecond, start: 4711}
		if err != nil || s != want {
			t.Errorf("%q: %+v, %v; want %+v", name, s, err, want)
		}
	}
	for _, bad := range []string{"", "42", "42 (sh", "42 (sh) S 1", "42 )sh(" + rest, "42 (sh) S 1 x 77 0 -1 4194304 1 0 0 0 5 7 0 0 20 0 3 0 4711"} {
		if s, err := parseStat(bad); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

func TestDeadLeaderWithLiveThreads(t *testing.T) {
	if (stat{state: 'Z', threads: 2}).dead() {
		t.Error("a process whose first thread ended is taken for dead")
	}
	if !(stat{state: 'Z', threads: 1}).dead() {
		t.Error("a zombie is taken for alive")
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("42 (sh) S 1 77 77 0 -1 4194304 1 0 0 0 5 7 0 0 20 0 3 0 4711 0 0")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseStat(text); err == nil && s.state == 0 {
			t.Errorf("%q: no state and no error", text)
		}
	})
}
