package inspect

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 10 * time.Second

// daemon starts a shell that leads a session, like a daemon, and runs script.
func daemon(t *testing.T, script string) int {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	t.Cleanup(func() {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	return pid
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, patience)
		}
		<-time.After(time.Millisecond)
	}
}

func look(t *testing.T, leader int) []Process {
	t.Helper()
	processes, err := Of(leader)
	if err != nil {
		t.Fatal(err)
	}
	return processes
}

func why(t *testing.T, leader int) string {
	t.Helper()
	why, err := Still(look(t, leader))
	if err != nil {
		t.Fatal(err)
	}
	return why
}

func TestOfFindsChildrenAndNoZombies(t *testing.T) {
	// The child that ends is not waited for by what the shell becomes.
	pid := daemon(t, "true & sleep 60 & exec sleep 61")
	await(t, "two that sleep", func() bool {
		processes := look(t, pid)
		return len(processes) == 2 && processes[0].PID == pid && processes[0].Name == "sleep" && processes[1].Name == "sleep"
	})
}

func TestStopped(t *testing.T) {
	pid := daemon(t, "sleep 60 & wait")
	await(t, "the shell and its sleep", func() bool { return len(look(t, pid)) == 2 })
	if s := why(t, pid); s != "" {
		t.Fatalf("it is %q before the signal", s)
	}
	if stopped, err := AllStopped(pid); err != nil || stopped {
		t.Fatalf("stopped %v, %v before the signal", stopped, err)
	}
	child := look(t, pid)[1].PID
	if err := syscall.Kill(child, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, "one stopped", func() bool { return why(t, pid) == "stopped by a signal" })
	if stopped, err := AllStopped(pid); err != nil || stopped {
		t.Errorf("stopped %v, %v while its main process runs", stopped, err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(t, "all stopped", func() bool {
		stopped, err := AllStopped(pid)
		return err == nil && stopped
	})
}

func TestDebugged(t *testing.T) {
	pid := daemon(t, "sleep 60 & wait")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PtraceSeize(pid); err != nil {
		t.Fatal(err)
	}
	if s := why(t, pid); s != "being debugged" {
		t.Errorf("it is %q", s)
	}
}

// The two versions of control groups, as their files look.
func TestFrozenFiles(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("two/cgroup.events", "populated 1\nfrozen 1\n")
	write("warm/cgroup.events", "populated 1\nfrozen 0\n")
	write("unified/mixed/cgroup.events", "frozen 1\n")
	write("freezer/one/freezer.state", "FROZEN\n")
	write("freezer/warm/freezer.state", "THAWED\n")
	for cgroups, want := range map[string]bool{
		"0::/two\n": true, "0::/warm\n": false, "0::/mixed\n": true, "0::/missing\n": false, "": false,
		"5:cpu:/\n6:freezer:/one\n": true, "6:freezer:/warm\n0::/\n": false, "6:freezer:/../../one\n": true, "nonsense": false,
	} {
		if got := frozen(cgroups, root); got != want {
			t.Errorf("%q: frozen %v, want %v", cgroups, got, want)
		}
	}
}

// A real freezer of version 1, where root may make a group.
func TestFrozen(t *testing.T) {
	group := filepath.Join(cgroupRoot, "freezer", "daemonry-test-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(group, 0o700); err != nil {
		t.Skip("no freezer that this user may use:", err)
	}
	pid := daemon(t, "sleep 60 & wait")
	t.Cleanup(func() { // before daemon's
		put(t, group+"/freezer.state", "THAWED")
		put(t, cgroupRoot+"/freezer/tasks", strconv.Itoa(pid))
		if err := os.Remove(group); err != nil {
			t.Error(err)
		}
	})
	put(t, group+"/tasks", strconv.Itoa(pid))
	put(t, group+"/freezer.state", "FROZEN")
	if s := why(t, pid); s != "frozen with its control group" {
		t.Errorf("it is %q", s)
	}
	put(t, group+"/freezer.state", "THAWED")
	if s := why(t, pid); s != "" {
		t.Errorf("it is %q after the thaw", s)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

func TestWorkIsSeen(t *testing.T) {
	idle := daemon(t, "sleep 60")
	busy := daemon(t, "while :; do :; done")
	talking := daemon(t, "while sleep 0.01; do echo .; done >/dev/null")
	work := func(pid int) Work {
		w, err := WorkOf(look(t, pid))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	await(t, "sleep", func() bool { return strings.Contains(Report(look(t, idle)), "nanosleep") })
	before := map[int]Work{idle: work(idle), busy: work(busy), talking: work(talking)}
	await(t, "processor time", func() bool { return work(busy).Since(before[busy]).CPU > 50*time.Millisecond })
	await(t, "bytes", func() bool { return work(talking).Since(before[talking]).Bytes > 2 })
	if d := work(idle).Since(before[idle]); d != (Work{}) {
		t.Errorf("a process that sleeps has worked: %+v", d)
	}
}

func TestReport(t *testing.T) {
	pid := daemon(t, "exec sleep 61")
	await(t, "the place", func() bool { return strings.Contains(Report(look(t, pid)), "nanosleep") })
	text := Report(look(t, pid))
	for _, want := range []string{"process " + strconv.Itoa(pid) + " (sleep) sleeping, 1 threads", "sleep 61", "  thread "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCatches(t *testing.T) {
	pid := daemon(t, "trap : USR1; while :; do sleep 60; done")
	await(t, "the trap", func() bool { ok, err := Catches(pid, int(syscall.SIGUSR1)); return ok && err == nil })
	if ok, err := Catches(pid, int(syscall.SIGUSR2)); ok || err != nil {
		t.Errorf("SIGUSR2: %v, %v", ok, err)
	}
	if ok, err := Fatal(pid, int(syscall.SIGUSR1)); ok || err != nil {
		t.Errorf("SIGUSR1 is fatal: %v, %v", ok, err)
	}
	await(t, "SIGUSR2 is fatal", func() bool { // not while the shell forks, with all signals blocked
		ok, err := Fatal(pid, int(syscall.SIGUSR2))
		return ok && err == nil
	})
}

func TestIgnoredIsNotFatal(t *testing.T) {
	pid := daemon(t, "trap '' TERM; exec sleep 60")
	await(t, "sleep", func() bool { return strings.Contains(Report(look(t, pid)), "nanosleep") })
	if ok, err := Fatal(pid, int(syscall.SIGTERM)); ok || err != nil {
		t.Errorf("SIGTERM is fatal: %v, %v", ok, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("1 (a) b) S 0 1 1 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 9")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := parseStat(text); err == nil && s.state == 0 {
			t.Errorf("no state from %q", text)
		}
	})
}
