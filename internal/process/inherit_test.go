//go:build linux

package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDescriptors hands over files whose numbers overlap their targets, one of
// them twice, and looks at all that the command has.
func TestDescriptors(t *testing.T) {
	dir := t.TempDir()
	var files []int
	var want []string
	for i := range 14 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files, want = append(files, int(f.Fd())), append(want, f.Name())
	}
	slices.Reverse(files)
	slices.Reverse(want)
	files, want = append(files, files[3]), append(want, want[3])
	overlap := slices.ContainsFunc(files, func(fd int) bool { return fd >= 3 && fd < 3+len(files) })
	if !overlap {
		t.Fatalf("descriptors %v do not overlap their targets", files)
	}

	out, _ := ran(t, Spec{Argv: []string{"/bin/sh", "-c", "ls -l /proc/$$/fd"}, Env: []string{"PATH=/bin:/usr/bin"}, Files: files})
	got := map[string]string{}
	for line := range strings.Lines(out) {
		if left, target, ok := strings.Cut(strings.TrimSpace(line), " -> "); ok {
			fields := strings.Fields(left)
			got[fields[len(fields)-1]] = target
		}
	}
	if got["0"] != "/dev/null" {
		t.Errorf("standard input is %q", got["0"])
	}
	for i, target := range want {
		if fd := fmt.Sprint(3 + i); got[fd] != target {
			t.Errorf("descriptor %s is %q, want %q", fd, got[fd], target)
		}
	}
	if len(got) != 3+len(want) {
		t.Errorf("%d descriptors, want %d:\n%s", len(got), 3+len(want), out)
	}
}

// signals starts this binary as a broker whose parent ignores and blocks
// signals, and returns the status of the command that it starts.
func signals(t *testing.T) string {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old unix.Sigset_t
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGPIPE} {
		set.Val[0] |= 1 << (sig - 1)
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		t.Fatal(err)
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	broker := play("status")
	cmd := exec.Command("/bin/sh", "-c", `trap '' HUP PIPE INT TSTP TTIN USR2 CHLD; exec "$0"`, broker.Path)
	cmd.Env, cmd.Stderr = broker.Env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSignalsAreReset(t *testing.T) {
	status := signals(t)
	for _, name := range []string{"SigBlk", "SigIgn"} {
		if got := strings.Trim(field(t, status, name), "0"); got != "" {
			t.Errorf("%s is %s in the command", name, got)
		}
	}
}

// TestParentKeepsItsMask: the thread that forks is used for other things later.
func TestParentKeepsItsMask(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old, after unix.Sigset_t
	set.Val[0] = 1 << (syscall.SIGUSR1 - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		t.Fatal(err)
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	started(t, Spec{Argv: []string{"/bin/true"}})
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &after); err != nil {
		t.Fatal(err)
	}
	if after.Val[0]&set.Val[0] == 0 {
		t.Error("the mask of the thread that forked was not put back")
	}
}

// TestSurroundings reads what is in force at the command's first instruction: cat
// changes nothing by itself. The caller's own settings are odd ones, as a broker
// may have inherited them.
func TestSurroundings(t *testing.T) {
	dir := t.TempDir()
	defer odd(t)()
	out, _ := ran(t, Spec{
		Argv: []string{"/bin/cat", "/proc/self/status", "/proc/self/limits", "/proc/self/stat", "/proc/self/environ"},
		Env:  []string{"A=1", "PWD=" + dir}, Dir: dir, Umask: 0o027, OpenFiles: 333, Nice: 7,
	})
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getppid(), &all); err != nil {
		t.Fatal(err)
	}
	if got := field(t, out, "Umask"); got != "0027" {
		t.Errorf("umask %s", got)
	}
	if got := field(t, out, "Cpus_allowed_list"); all.Count() > 1 && !strings.ContainsAny(got, ",-") {
		t.Errorf("processors %s", got)
	}
	for limit, want := range map[string]string{
		"Max open files": "333", "Max stack size": "8388608", "Max core file size": "0",
	} {
		if got := soft(t, out, limit); got != want {
			t.Errorf("%s: %s, want %s", limit, got, want)
		}
	}
	if got := soft(t, out, "Max file size"); got == "1048576" {
		t.Error("the caller's soft limit of file sizes was passed on")
	}
	line := out[strings.LastIndex(out, ") "):]
	if f := strings.Fields(line); f[17] != "7" { // field 19
		t.Errorf("niceness %s", f[17])
	}
	if !strings.Contains(out, "A=1\x00") || strings.Contains(out, roleVariable) || strings.Contains(out, "LISTEN_PID") {
		t.Errorf("environment in %q", out)
	}
}

// odd gives this process settings that must not be passed on.
func odd(t *testing.T) (undo func()) {
	t.Helper()
	runtime.LockOSThread() // affinity and niceness belong to the thread that forks
	var cpus, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		t.Fatal(err)
	}
	for i := range 1024 {
		if cpus.IsSet(i) {
			one.Set(i)
			break
		}
	}
	restore := []func(){
		lower(t, unix.RLIMIT_FSIZE, 1<<20), lower(t, unix.RLIMIT_STACK, 1<<22), lower(t, unix.RLIMIT_CORE, 1<<20),
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = unix.SchedSetaffinity(0, &cpus)
		for _, f := range restore {
			f()
		}
		runtime.UnlockOSThread()
	}
}

// lower sets a soft limit of this process.
func lower(t *testing.T, resource int, soft uint64) (undo func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Prlimit(0, resource, nil, &old); err != nil {
		t.Fatal(err)
	}
	odd := unix.Rlimit{Cur: min(soft, old.Max), Max: old.Max}
	if err := unix.Prlimit(0, resource, &odd, nil); err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.Prlimit(0, resource, &old, nil) }
}

// soft returns the soft limit from the format of /proc/PID/limits.
func soft(t *testing.T, text, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, name)
	if !ok {
		t.Fatalf("no %q in %q", name, text)
	}
	return strings.Fields(rest)[0]
}

func TestOwnSession(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/true"}})
	pid := g.Process().Identity().PID
	sid, err := unix.Getsid(pid)
	if group, err2 := unix.Getpgid(pid); err != nil || err2 != nil || sid != pid || group != pid {
		t.Errorf("process %d: session %d (%v), group %d (%v)", pid, sid, err, group, err2)
	}
}

func TestDefaultOpenFiles(t *testing.T) {
	out, _ := ran(t, Spec{Argv: []string{"/bin/cat", "/proc/self/limits"}})
	if got := soft(t, out, "Max open files"); got != fmt.Sprint(DefaultOpenFiles) {
		t.Errorf("%s open files, want %d", got, DefaultOpenFiles)
	}
}

func TestEnvironmentIsExact(t *testing.T) {
	env := []string{"Z=last", "A=a b\nc", "EMPTY=", "LANG=C", "LISTEN_FDS=1", "PATH=/x", "PWD=/"}
	out, _ := ran(t, Spec{Argv: []string{"/usr/bin/env", "-0"}, Env: env})
	got := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	slices.Sort(got)
	slices.Sort(env)
	if !slices.Equal(got, env) {
		t.Errorf("%q, want %q", got, env)
	}
}

func TestCloseInherited(t *testing.T) {
	cmd := play("close-inherited")
	var out bytes.Buffer
	cmd.Stdout = &out
	for range 3 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	want := "3 bad file descriptor\n4 <nil>\n5 bad file descriptor\npoller works\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
