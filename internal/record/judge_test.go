//go:build linux

package record

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/process"
)

// TestMain: with RECORD_TEST_HOLD the binary is a process that says it is there
// and waits for the end of its standard input.
func TestMain(m *testing.M) {
	if os.Getenv("RECORD_TEST_HOLD") != "" {
		os.Stdout.WriteString("here\n")
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// holder starts a process that inherits the lock, and returns it once it runs.
func holder(t *testing.T, lock *Lock) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "RECORD_TEST_HOLD=1")
	cmd.ExtraFiles = []*os.File{lock.File()}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func create(t *testing.T, dir string) *Lock {
	t.Helper()
	lock, err := Create(dir, "gocache", 1)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func vouched(t *testing.T, lock *Lock) bool {
	t.Helper()
	held, err := Vouched(lock.Path())
	if err != nil {
		t.Fatal(err)
	}
	return held
}

func TestTheLockIsTheInheritors(t *testing.T) {
	lock := create(t, t.TempDir())
	if !vouched(t, lock) {
		t.Error("not held by its creator")
	}
	cmd := holder(t, lock)
	lock.Close()
	if !vouched(t, lock) {
		t.Error("not held by the process that inherited it")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if vouched(t, lock) {
		t.Error("still held after its holder was killed")
	}
}

func TestALockIsCreatedOnceOnly(t *testing.T) {
	dir := t.TempDir()
	defer create(t, dir).Close()
	if _, err := Create(dir, "gocache", 1); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want exists", err)
	}
}

func TestAMissingLockIsNotHeld(t *testing.T) {
	if held, err := Vouched(filepath.Join(t.TempDir(), "x.1.lock")); held || err != nil {
		t.Errorf("%v, %v", held, err)
	}
}

func TestLookersDoNotDisturbEachOther(t *testing.T) {
	lock := create(t, t.TempDir())
	lock.Close()
	looking, err := os.Open(lock.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer looking.Close()
	if err := flock(looking, syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	if vouched(t, lock) {
		t.Error("a looker was taken for the holder")
	}
}

func TestHolds(t *testing.T) {
	lock := create(t, t.TempDir())
	defer lock.Close()
	if !Holds(int(lock.File().Fd()), lock.Path()) {
		t.Error("the lock's own descriptor is not recognised")
	}
	if Holds(0, lock.Path()) || Holds(-1, lock.Path()) || Holds(int(lock.File().Fd()), "/nowhere") {
		t.Error("something else is taken for the lock")
	}
}

func TestJudge(t *testing.T) {
	self, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	recycled, otherBoot, otherNS := self, self, self
	recycled.Start--
	otherBoot.Boot = "00000000-0000-0000-0000-000000000000"
	otherNS.PIDNS++
	for name, c := range map[string]struct {
		id   process.Identity
		held bool
		want Verdict
	}{
		"alive":                               {self, true, Live},
		"alive without its lock":              {self, false, Live},
		"its child was left behind":           {recycled, true, Leftover},
		"the pid is another's now (S11)":      {recycled, false, Stale},
		"another boot, the pid lives (S12)":   {otherBoot, false, Stale},
		"another host's daemon (S13)":         {otherBoot, true, Foreign},
		"another container's daemon (S13)":    {otherNS, true, Foreign},
		"another container's, and it is gone": {otherNS, false, Stale},
	} {
		t.Run(name, func(t *testing.T) {
			lock := create(t, t.TempDir())
			if c.held {
				defer lock.Close()
			} else {
				lock.Close()
			}
			r := example(1)
			r.Identity = c.id
			if got, err := Judge(r, lock.Path()); got != c.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestAZombieIsDead(t *testing.T) {
	lock := create(t, t.TempDir())
	defer lock.Close()
	cmd := holder(t, lock)
	r := example(1)
	var err error
	if r.Identity, err = process.IdentityOf(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if v, err := Judge(r, lock.Path()); v != Live || err != nil {
		t.Fatalf("%q, %v, want live", v, err)
	}
	lock.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := waitUntilZombie(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if v, err := Judge(r, lock.Path()); v != Stale || err != nil {
		t.Errorf("%q, %v, want stale", v, err)
	}
}

// waitUntilZombie waits for the end without reaping.
func waitUntilZombie(pid int) error {
	return unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
}

func TestReadNeverWaitsAndNeverFollows(t *testing.T) {
	dir := t.TempDir()
	fifo, link := filepath.Join(dir, "fifo.1.json"), filepath.Join(dir, "gocache.1.json")
	if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.Symlink(writtenExample(t), link), os.Mkdir(filepath.Join(dir, "dir.1.json"), 0o700)); err != nil {
		t.Fatal(err)
	}
	entries, err := List(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, e := range entries {
		if kindOf(e.Err) != "corrupt" {
			t.Errorf("%s: %v", e.Path, e.Err)
		}
	}
}

func TestNoDescriptorLeaks(t *testing.T) {
	dir := t.TempDir()
	before := descriptors(t)
	for generation := range uint64(20) {
		lock, err := Create(dir, "gocache", generation+1)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "gocache", example(generation+1))
		if _, err := List(dir); err != nil {
			t.Fatal(err)
		}
		vouched(t, lock)
		lock.Close()
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
