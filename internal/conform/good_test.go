//go:build linux

package conform

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A good daemon passes everything that applies, in both forms; nothing is left
// behind: no descriptor, no process, no file.
func TestGoodDaemon(t *testing.T) {
	before := descriptors(t)
	target := target(t, "loads beside")
	nameState(t, &target)
	target.Modes = []Mode{Inherit, Bind}
	target.Env = append(target.Env, "TMPDIR="+t.TempDir())
	r := look(t, target)
	want := map[Mode]string{Inherit: "binds children", Bind: "takes-listener keeps-mode children keeps-path keeps-listener queue"}
	for mode, names := range want {
		for _, one := range r.Results {
			if one.Mode != mode {
				continue
			}
			expected := Pass
			if strings.Contains(names, one.Name) {
				expected = NotApplicable
			}
			if one.Status != expected || one.Detail == "" {
				t.Errorf("%s %s: %s: %q, want %s", mode, one.Name, one.Status, one.Detail, expected)
			}
		}
	}
	if !r.Passed || len(r.Timings) != 5 {
		t.Errorf("passed %v, timings %+v", r.Passed, r.Timings)
	}
	if data, err := os.ReadFile(target.State); err != nil || string(data) != "state" {
		t.Errorf("the state is %q, %v", data, err)
	}
	if info, err := os.Stat(target.State); err != nil || info.Mode() != 0o640 {
		t.Errorf("the state is %v, %v", info.Mode(), err)
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors, before %d", n, before)
	}
}

// A daemon that never speaks on the notify socket is ready with its first accept.
func TestSilentDaemon(t *testing.T) {
	t.Parallel()
	r := look(t, target(t, "silent"))
	if got := result(t, r, announces); got.Status != Pass || !strings.Contains(got.Detail, "first accept") || !r.Passed {
		t.Errorf("%+v, passed %v", got, r.Passed)
	}
}

// One that speaks only after its first accept is warned about: a broker does not
// wait for its READY=1.
func TestSpeaksLate(t *testing.T) {
	t.Parallel()
	r := look(t, target(t, "speaks late"))
	if got := result(t, r, announces); got.Status != Warn || !r.Passed {
		t.Errorf("%+v, passed %v", got, r.Passed)
	}
}

// One that ends after its first client fails where that is seen, and what would need
// it alive does not apply.
func TestCrashes(t *testing.T) {
	t.Parallel()
	target := target(t, "crashes")
	target.Exchange = nil
	r := look(t, target)
	got := result(t, r, stops)
	if got.Status != Fail || !strings.Contains(got.Detail, "exited with status 5") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got.Detail, "before it was asked") { // else it was asked just then
		onlyFails(t, r, stops, "")
	}
}

// A daemon without a handler for SIGTERM loses requests; idle, it is only warned about.
func TestDefaultAction(t *testing.T) {
	t.Parallel()
	r := look(t, target(t, "default action"))
	if got := result(t, r, stops); got.Status != Warn || got.Hint == "" {
		t.Errorf("%+v", got)
	}
	onlyFails(t, r, drains, "under way at SIGTERM")
}

// Children that hold nothing pass.
func TestChildWithoutListener(t *testing.T) {
	t.Parallel()
	r := look(t, target(t, "child"))
	if got := result(t, r, children); got.Status != Pass || !r.Passed {
		t.Errorf("%+v, passed %v", got, r.Passed)
	}
}

// What a daemon leaves behind is ended, in whatever session it is, if it holds the
// generation's lock or the listener.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"leaves a child", "leaky"} {
		target := target(t, role)
		look(t, target)
		dir, _ := strings.CutPrefix(target.Env[1], "DIR=")
		data, err := os.ReadFile(filepath.Join(dir, "children"))
		if err != nil {
			t.Fatal(err)
		}
		pids := strings.Fields(string(data))
		if len(pids) < 5 {
			t.Errorf("%s: only the children %v were noted", role, pids)
		}
		for _, pid := range pids {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err == nil && !mustStat(stat).dead() {
				t.Errorf("%s: child %s lives: %s", role, pid, stat)
			}
		}
	}
}

// Without a request nothing is sent, and the checks that need one say so.
func TestNoRequest(t *testing.T) {
	t.Parallel()
	target := target(t, "good")
	target.Exchange = nil
	target.Modes = []Mode{Inherit, Bind}
	r := look(t, target)
	for _, one := range r.Results {
		if one.Status == Fail {
			t.Errorf("%s: %s", one.Name, one.Detail)
		}
	}
	for _, name := range []string{answers, drains} {
		if got := result(t, r, name); got.Status != NotApplicable || !strings.Contains(got.Detail, "--send") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := result(t, r, state); got.Status != NotApplicable || !strings.Contains(got.Detail, "--state") {
		t.Errorf("%+v", got)
	}
}

// A probe stands in for a request.
func TestProbe(t *testing.T) {
	t.Parallel()
	target := target(t, "good")
	target.Exchange = nil
	target.Probe = []string{"/bin/sh", "-c", `test -S "$DAEMONRY_ENDPOINT"`}
	r := look(t, target)
	if got := result(t, r, answers); got.Status != Pass || !r.Passed {
		t.Errorf("%+v, passed %v", got, r.Passed)
	}
	target.Probe = []string{"/bin/sh", "-c", "echo no such page; exit 22"}
	onlyFails(t, look(t, target), answers, "exit status 22: no such page")
}

// A state that nothing opens proves nothing.
func TestStateNotOpened(t *testing.T) {
	t.Parallel()
	target := target(t, "good")
	nameState(t, &target)
	r := look(t, target)
	if got := result(t, r, state); got.Status != NotApplicable || !strings.Contains(got.Detail, "nothing opened") {
		t.Errorf("%+v", got)
	}
}

// A state that does not exist yet is made, and removed.
func TestStateMissing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	restore, err := blockState(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("%v, %v", info, err)
	}
	if err := restore(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// What is left out is said to be.
func TestSkip(t *testing.T) {
	t.Parallel()
	target := target(t, "exclusive")
	target.Skip = []string{twoAtOnce}
	r := look(t, target)
	if got := result(t, r, twoAtOnce); got.Status != NotApplicable || !r.Passed {
		t.Errorf("%+v, passed %v", got, r.Passed)
	}
}

// The endpoint may be the user's choice, and arguments may name it.
func TestOwnEndpoint(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	target := target(t, "good")
	target.Endpoint = filepath.Join(dir, "public.sock")
	target.Argv = []string{"/bin/sh", "-c", `test "$1" = "$WANT" && exec "$0"`, target.Argv[0], "{socket}"}
	target.Env = append(target.Env, "WANT="+target.Endpoint)
	if r := look(t, target); !r.Passed {
		t.Errorf("%+v", r)
	}
	if _, err := os.Lstat(target.Endpoint); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the endpoint was left: %v", err)
	}
}

// A run that is cut short ends what it started and puts the state back.
func TestCancel(t *testing.T) {
	t.Parallel()
	target := target(t, "loads first")
	nameState(t, &target)
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if info, err := os.Stat(target.State); err == nil && info.Mode().Type() == os.ModeNamedPipe {
				cancel(enough)
			}
		}
	}()
	_, err := Run(ctx, target, nil)
	cancel(nil)
	<-done
	if !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	if data, err := os.ReadFile(target.State); err != nil || string(data) != "state" {
		t.Errorf("the state is %q, %v", data, err)
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	for _, path := range []string{file, file + aside} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for says, change := range map[string]func(*Target){
		"no command":       func(t *Target) { t.Argv = nil },
		"absolute path":    func(t *Target) { t.Argv = []string{"daemon"} },
		"mode \"proxy\"":   func(t *Target) { t.Modes = []Mode{"proxy"} },
		"named twice":      func(t *Target) { t.Modes = []Mode{Bind, Bind} },
		"no check \"x\"":   func(t *Target) { t.Skip = []string{"x"} },
		"measure nothing":  func(t *Target) { t.Starts = -1 },
		"negative":         func(t *Target) { t.Grace = -time.Second },
		"not an absolute":  func(t *Target) { t.State = "state" },
		"not a regular":    func(t *Target) { t.State = "/dev/null" },
		"move it back":     func(t *Target) { t.State = file },
		"no such file":     func(t *Target) { t.State = "/nonexistent/state" },
		"the endpoint \"x": func(t *Target) { t.Endpoint = "x" },
	} {
		target := Target{Argv: []string{"/bin/true"}}
		change(&target)
		_, err := Run(t.Context(), target, nil)
		var wrong *TargetError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}
