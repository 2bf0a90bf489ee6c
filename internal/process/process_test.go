//go:build linux

package process

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestExit(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"exit 0", "exited with status 0"},
		{"exit 7", "exited with status 7"},
		{"exit 255", "exited with status 255"},
		{"kill -TERM $$", "killed by SIGTERM"},
		{"kill -KILL $$", "killed by SIGKILL"},
		{"kill -PIPE $$", "killed by SIGPIPE"},
		{"kill -40 $$", "killed by signal 40"},
	} {
		_, exit := ran(t, Spec{Argv: []string{"/bin/sh", "-c", c.script}})
		if exit.String() != c.want {
			t.Errorf("%s: %v, want %s", c.script, exit, c.want)
		}
	}
	if got := (Exit{}).String(); got != "ended, status unknown" {
		t.Error(got)
	}
}

func TestExitWithCore(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/sh", "-c", "kill -SEGV $$"}, Dir: t.TempDir()})
	var limit unix.Rlimit
	pid := g.Process().Identity().PID
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, nil, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &limit, nil); err != nil {
		t.Fatal(err)
	}
	opened(t, g)
	if got := ended(t, g.Process()).String(); got != "killed by SIGSEGV (core dumped)" {
		t.Errorf("%s (hard limit of cores: %d)", got, limit.Max)
	}
}

func TestZombieKeepsGroupUntilReap(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/sh", "-c", "exit 3"}})
	p := g.Process()
	if err := p.Reap(); err == nil {
		t.Fatal("a running process was reaped")
	}
	opened(t, g)
	for range 2 { // waiting twice gives the same answer
		if exit := ended(t, p); exit.Code != 3 {
			t.Fatal(exit)
		}
	}
	var not *NotSameError
	if err := p.Identity().Check(); !errors.As(err, &not) || not.Reason != Zombie {
		t.Errorf("after its end: %v", err)
	}
	if err := p.SignalGroup(0); err != nil {
		t.Errorf("the group is gone before Reap: %v", err)
	}
	for range 2 {
		if err := p.Reap(); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Identity().Check(); !errors.As(err, &not) || not.Reason != Gone {
		t.Errorf("after Reap: %v", err)
	}
	if exit := ended(t, p); exit.Code != 3 {
		t.Errorf("after Reap: %v", exit)
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal after Reap: %v", err)
	}
	if err := p.SignalGroup(syscall.SIGTERM); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("group signal after Reap: %v", err)
	}
}

// TestReapBeforeWait: the exit status is not lost.
func TestReapBeforeWait(t *testing.T) {
	g, line := talking(t, "/bin/sh", "-c", "echo up; exit 4")
	line()
	p := g.Process()
	if err := p.park(unix.POLLIN); err != nil { // wait, but not through Wait
		t.Fatal(err)
	}
	if err := p.Reap(); err != nil {
		t.Fatal(err)
	}
	if exit := ended(t, p); exit.Code != 4 {
		t.Error(exit)
	}
}

func TestWaitEndsWithContextAndClose(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/true"}})
	p := g.Process()
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("no patience")
	cancel(cause)
	if _, err := p.Wait(ctx); !errors.Is(err, cause) {
		t.Errorf("%v, want %v", err, cause)
	}
	if err := g.Abort(); err != nil { // closes it
		t.Fatal(err)
	}
	if _, err := p.Wait(context.Background()); err != nil && !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, want os.ErrClosed", err)
	}
	never := started(t, Spec{Argv: []string{"/bin/true"}})
	q, err := Attach(never.Process().Identity())
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { _, err := q.Wait(context.Background()); waited <- err }()
	if _, err := q.watch(); err != nil { // the waiting goroutine is there, or will find it closed
		t.Fatal(err)
	}
	q.Close()
	if err := <-waited; !errors.Is(err, os.ErrClosed) {
		t.Errorf("%v, want os.ErrClosed", err)
	}
	q.Close()
}

// threads counts those of this process.
func threads(t *testing.T) int {
	t.Helper()
	st, err := readStat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return st.threads
}

// parked counts goroutines that wait in Go's poller for a process.
func parked() int {
	buf := make([]byte, 4<<20)
	n := 0
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "[IO wait") && strings.Contains(g, "(*Process).park") {
			n++
		}
	}
	return n
}

func TestManyWaitsTakeNoThreads(t *testing.T) {
	const children = 200
	gates := make([]*Gated, children)
	for i := range gates {
		gates[i] = started(t, Spec{Argv: []string{"/bin/true"}})
	}
	before := threads(t)
	var wg sync.WaitGroup
	exits := make([]Exit, children)
	for i, g := range gates {
		wg.Go(func() { exits[i], _ = g.Process().Wait(context.Background()) })
	}
	for ctx := timeout(); parked() < children; runtime.Gosched() {
		if ctx.Err() != nil {
			t.Fatalf("%d of %d waits are parked", parked(), children)
		}
	}
	if after := threads(t); after > before+8 {
		t.Errorf("%d threads before, %d while %d children are waited for", before, after, children)
	} else {
		t.Logf("%d threads before, %d while %d children are waited for", before, after, children)
	}
	for _, g := range gates {
		opened(t, g)
	}
	wg.Wait()
	for i, exit := range exits {
		if exit != (Exit{Known: true}) {
			t.Errorf("child %d %v", i, exit)
		}
	}
}

// family starts a daemon with a child in its group, and returns both.
func family(t *testing.T) (g *Gated, child *Process) {
	t.Helper()
	g, line := talking(t, "/bin/sh", "-c", "sleep 1000 >/dev/null & echo $!; wait")
	return g, attached(t, line())
}

// attached holds the process that a line names.
func attached(t *testing.T, line string) *Process {
	t.Helper()
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	id, err := IdentityOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Attach(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestSignalGroupReachesGrandchildren(t *testing.T) {
	g, child := family(t)
	if err := g.Process().SignalGroup(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, g.Process()); got.Signal != syscall.SIGTERM {
		t.Errorf("the daemon %v", got)
	}
	exit := ended(t, child)
	if exit.Known && exit.Signal != syscall.SIGTERM {
		t.Errorf("its child %v", exit)
	}
	t.Logf("its child, which is not ours, %v", exit)
}

func TestSignalGroupReachesWhoIsLeftBehind(t *testing.T) {
	g, child := family(t)
	p := g.Process()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ended(t, p)
	if err := p.Reap(); err != nil {
		t.Fatal(err)
	}
	if err := p.SignalGroup(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended(t, child)
}

// TestKillGroupByNumber is how it is done before Linux 6.9.
func TestKillGroupByNumber(t *testing.T) {
	g, child := family(t)
	p := g.Process()
	kill := func(sig syscall.Signal) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.killGroupLocked(sig)
	}
	if err := kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended(t, child)
	ended(t, p)
	if err := kill(0); err != nil {
		t.Errorf("of a zombie: %v", err)
	}
	if err := p.Reap(); err != nil {
		t.Fatal(err)
	}
	if err := kill(0); err != syscall.ESRCH {
		t.Errorf("after Reap: %v", err)
	}
	if err := (&Process{id: child.id}).killGroupLocked(0); err != syscall.ESRCH {
		t.Errorf("of a process that leads no group: %v", err)
	}
}

// TestExitOfOthersChild asks for a status that another process reaps, once that
// is let go on.
func TestExitOfOthersChild(t *testing.T) {
	g, line := talking(t, "/bin/sh", "-c", "/bin/sh -c 'trap \"exit 9\" TERM; echo $$; while :; do sleep 0.01; done' & wait")
	parent := g.Process()
	p := attached(t, line())
	if err := errors.Join(parent.Signal(syscall.SIGSTOP), p.Signal(syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	if err := p.park(unix.POLLIN); err != nil { // it is a zombie now
		t.Fatal(err)
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		p.awaitReaped(patience)
	}()
	for ctx := timeout(); parked() == 0 && ctx.Err() == nil; {
		runtime.Gosched()
	}
	if err := parent.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	<-asked
	if err := p.park(unix.POLLHUP); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	exit := ended(t, p)
	want := Exit{Known: true, Code: 9}
	if !kernelTellsExits(p) {
		want = Exit{}
	}
	if exit != want {
		t.Errorf("%+v, want %+v", exit, want)
	}
	if err := p.Reap(); err != nil {
		t.Errorf("reaping somebody else's child: %v", err)
	}
}

// TestExitOfOthersZombie: a parent that does not reap does not hold us up.
func TestExitOfOthersZombie(t *testing.T) {
	g, line := talking(t, "/bin/sh", "-c", "sleep 1000 >/dev/null & echo $!; wait")
	p := attached(t, line())
	if err := errors.Join(g.Process().Signal(syscall.SIGSTOP), p.Signal(syscall.SIGKILL)); err != nil {
		t.Fatal(err)
	}
	if exit := ended(t, p); exit != (Exit{}) {
		t.Errorf("%+v, want unknown", exit)
	}
}

// kernelTellsExits reports whether PIDFD_INFO_EXIT is there (Linux 6.15).
func kernelTellsExits(p *Process) bool {
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	err := unix.IoctlPidfdInfo(p.fd, &info)
	return err == nil && info.Mask&unix.PIDFD_INFO_EXIT != 0
}

func TestUsageCommandHolders(t *testing.T) {
	memory, _, err := Usage(os.Getpid())
	if err != nil || memory < 1<<20 {
		t.Errorf("%d bytes, %v", memory, err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := Command(os.Getpid()); got != exe {
		t.Errorf("%s, want %s", got, exe)
	}
	f := outputFile(t)
	g := started(t, Spec{Argv: []string{"/bin/true"}, Files: []int{int(f.Fd())}})
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	want := []int{os.Getpid(), g.Process().Identity().PID}
	slices.Sort(want)
	if got, err := Holders(uint64(st.Dev), st.Ino); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	_, _, err = Usage(1 << 22)
	var not *NotSameError
	if !errors.As(err, &not) || not.Reason != Gone {
		t.Errorf("usage of nobody: %v", err)
	}
}
