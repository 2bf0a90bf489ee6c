//go:build linux

package process

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// touch is a command that creates a file, by which one sees that it ran.
func touch(t *testing.T) (argv []string, path string) {
	path = filepath.Join(t.TempDir(), "ran")
	return []string{"/bin/sh", "-c", `: >"$1"`, "sh", path}, path
}

func TestGateHoldsUntilOpen(t *testing.T) {
	argv, path := touch(t)
	g := started(t, Spec{Argv: argv})
	before := g.Process().Identity()
	if _, err := g.Process().Wait(moment()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the shell did not wait: %v", err)
	}
	if exists(path) {
		t.Fatal("the command ran before the gate was opened")
	}
	if err := before.Check(); err != nil {
		t.Fatal(err)
	}
	opened(t, g)
	if exit := ended(t, g.Process()); exit != (Exit{Known: true}) || !exists(path) {
		t.Fatalf("%v, ran: %v", exit, exists(path))
	}
	if err := g.Open(); err == nil {
		t.Error("a gate can be opened twice")
	}
	if err := g.Abort(); err == nil {
		t.Error("an open gate can be given up")
	}
}

func TestIdentitySurvivesExec(t *testing.T) {
	g, line := talking(t, "/bin/sh", "-c", "echo up; exec sleep 1000")
	line()
	if err := g.Process().Identity().Check(); err != nil {
		t.Error(err)
	}
	same, err := IdentityOf(g.Process().Identity().PID)
	if err != nil || same != g.Process().Identity() {
		t.Errorf("%+v, %v; want %+v", same, err, g.Process().Identity())
	}
}

func TestNothingRunsIfBrokerDiesAtGate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ran")
	broker := play("hold", path)
	out, err := broker.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := broker.Start(); err != nil {
		t.Fatal(err)
	}
	var id Identity
	if err := json.NewDecoder(out).Decode(&id); err != nil {
		t.Fatal(err)
	}
	p, err := Attach(id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := broker.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = broker.Wait()
	exit := ended(t, p)
	if exit.Known && exit.Code == 0 {
		t.Errorf("the shell %v", exit)
	}
	if exists(path) {
		t.Error("the command ran although the broker died before it opened the gate")
	}
}

func TestAbortRunsNothing(t *testing.T) {
	argv, path := touch(t)
	g, err := Start(Spec{Argv: argv})
	if err != nil {
		t.Fatal(err)
	}
	id := g.Process().Identity()
	if err := g.Abort(); err != nil {
		t.Fatal(err)
	}
	if exists(path) {
		t.Error("the command ran")
	}
	var not *NotSameError
	if err := id.Check(); !errors.As(err, &not) || not.Reason != Gone && not.Reason != Recycled {
		t.Errorf("not reaped: %v", err)
	}
	if err := g.Open(); err == nil {
		t.Error("a gate that was given up can be opened")
	}
	if err := g.Process().Signal(0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the process is not closed: %v", err)
	}
}

func TestAbortOfStoppedShell(t *testing.T) {
	argv, path := touch(t)
	g, err := Start(Spec{Argv: argv})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Process().Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := g.Abort(); err != nil || exists(path) {
		t.Errorf("%v, ran: %v", err, exists(path))
	}
}

func TestOpenAfterShellWasKilled(t *testing.T) {
	argv, path := touch(t)
	g := started(t, Spec{Argv: argv})
	if err := g.Process().Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, g.Process())
	if err := g.Open(); !errors.Is(err, syscall.EPIPE) || exists(path) {
		t.Errorf("%v, ran: %v", err, exists(path))
	}
}

func TestListenPIDIsTheDaemons(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	out := outputFile(t)
	g := started(t, Spec{
		Argv: []string{"/bin/sh", "-c", "echo $$ $LISTEN_PID"}, Stdout: int(out.Fd()),
		Files: []int{int(null.Fd())}, ListenFDs: 1,
	})
	opened(t, g)
	ended(t, g.Process())
	b, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(g.Process().Identity().PID)
	if got := strings.TrimSpace(string(b)); got != pid+" "+pid {
		t.Errorf("pid and LISTEN_PID are %q, want %s twice", got, pid)
	}
}

func TestLeft(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/sh", "-c", "exit 127"}})
	pid := g.Process().Identity().PID
	if Left(pid) {
		t.Error("left at the gate")
	}
	opened(t, g)
	exit := ended(t, g.Process())
	if exit.Code != 127 || !Left(pid) {
		t.Errorf("a command that itself %v: left %v", exit, Left(pid))
	}
	missing := started(t, Spec{Argv: []string{filepath.Join(t.TempDir(), "missing")}})
	opened(t, missing)
	exit = ended(t, missing.Process())
	if exit.Code != 127 || Left(missing.Process().Identity().PID) {
		t.Errorf("a missing command: %v, left %v", exit, Left(missing.Process().Identity().PID))
	}
}

func TestLeftOfRunningShellScript(t *testing.T) {
	g, line := talking(t, "/bin/sh", "-c", "echo up; read -r _; sleep 1000")
	line()
	if !Left(g.Process().Identity().PID) {
		t.Error("a shell script was taken for the gate")
	}
}

func TestStartRefuses(t *testing.T) {
	argv := []string{"/bin/true"}
	for name, s := range map[string]Spec{
		"no command":          {},
		"relative command":    {Argv: []string{"true"}},
		"NUL in argument":     {Argv: []string{"/bin/true", "a\x00b"}},
		"relative directory":  {Argv: argv, Dir: "tmp"},
		"missing directory":   {Argv: argv, Dir: "/does/not/exist"},
		"umask":               {Argv: argv, Umask: 0o1000},
		"niceness":            {Argv: argv, Nice: 20},
		"too few files":       {Argv: argv, OpenFiles: MinOpenFiles - 1},
		"negative descriptor": {Argv: argv, Files: []int{-1}},
		"closed descriptor":   {Argv: argv, Files: []int{1 << 20}},
		"listeners":           {Argv: argv, ListenFDs: 1},
		"entry without =":     {Argv: argv, Env: []string{"A"}},
		"not an identifier":   {Argv: argv, Env: []string{"A.B=1"}},
		"digit first":         {Argv: argv, Env: []string{"1A=1"}},
		"the shell's own":     {Argv: argv, Env: []string{"IFS=x"}},
		"NUL in variable":     {Argv: argv, Env: []string{"A=\x00"}},
	} {
		before := descriptors(t)
		g, err := Start(s)
		if err == nil {
			dispose(g)
			t.Errorf("%s: started", name)
			continue
		}
		if after := descriptors(t); after != before {
			t.Errorf("%s: %d descriptors before, %d after", name, before, after)
		}
	}
}

func TestNoDescriptorLeaks(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/true"}}) // what is opened once and for all
	dispose(g)
	before := descriptors(t)
	for i := range 20 {
		g := started(t, Spec{Argv: []string{"/bin/true"}})
		if i%2 == 0 {
			opened(t, g)
			ended(t, g.Process())
			dispose(g)
		} else if err := g.Abort(); err != nil {
			t.Fatal(err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
