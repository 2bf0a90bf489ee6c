//go:build linux

package conform

import (
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// roleVariable makes the test binary a daemon: "good", or one that breaks a rule.
const roleVariable = "DAEMONRY_CONFORM_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	// Whoever runs the tests may have left descriptors open for them, which would be
	// passed on to daemons.
	entries, _ := os.ReadDir("/proc/self/fd")
	for fd := 3; fd < 3+2*len(entries); fd++ {
		unix.CloseOnExec(fd)
	}
	goleak.VerifyTestMain(m)
}

// target is this binary in a role, and what may be asked of it. Its limits
// are generous where something good is waited for.
func target(t *testing.T, role string) Target {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Target{
		Argv:     []string{self},
		Env:      []string{roleVariable + "=" + role, "DIR=" + t.TempDir(), "GORACE=atexit_sleep_ms=0"}, // it sleeps for 1 s otherwise
		Exchange: &Exchange{Send: []byte("hello\n"), Expect: []byte("echo: hello\n")},
		Starts:   2,
		Start:    time.Minute, Answer: time.Minute, Grace: time.Minute, BindBudget: time.Minute,
		Settle: 300 * time.Millisecond,
	}
}

// look runs the kit.
func look(t *testing.T, target Target) Report {
	t.Helper()
	report, err := Run(t.Context(), target, func(r Result) { t.Logf("%-8s %-16s %-15s %8.1fms  %s", r.Mode, r.Name, r.Status, r.Millis, r.Detail) })
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// result returns what became of a check.
func result(t *testing.T, r Report, name string) Result {
	t.Helper()
	for _, one := range r.Results {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("no check %s in the report", name)
	return Result{}
}

// descriptors counts those of this process, after closing what is garbage and
// with those of Go's poller open, which come with its first use.
func descriptors(t *testing.T) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	runtime.GC()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
