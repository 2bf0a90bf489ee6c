package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry"
)

func TestPolicyOfNothing(t *testing.T) {
	want := Policy{
		SlowStart: 90 * time.Second, Stop: 10 * time.Second, Stall: 30 * time.Second,
		Burst: 5, Window: time.Minute, BackoffMin: 100 * time.Millisecond, BackoffMax: 30 * time.Second,
		Cooldown: 30 * time.Second, Stable: time.Minute,
	}
	if d := cmp.Diff(want, PolicyOf(daemonry.Service{})); d != "" {
		t.Error(d)
	}
}

func TestPolicyOfEverything(t *testing.T) {
	seconds := func(n int) daemonry.Duration { return daemonry.Duration(time.Duration(n) * time.Second) }
	got := PolicyOf(daemonry.Service{
		Mode:    daemonry.ModeBind,
		Limits:  daemonry.Limits{Start: seconds(1), Stop: seconds(2), Idle: seconds(3), Stall: seconds(4), Bind: seconds(5)},
		Restart: daemonry.Restart{Burst: 6, Window: seconds(7), BackoffMin: seconds(8), BackoffMax: seconds(9), Cooldown: seconds(10), GiveUpOn: []string{"78"}},
		Policy:  daemonry.Policy{Upgrade: "seamless"},
	})
	want := Policy{
		Start: time.Second, Stop: 2 * time.Second, Idle: 3 * time.Second, Stall: 4 * time.Second, Bind: 5 * time.Second,
		SlowStart: DefaultSlowStart, Burst: 6, Window: 7 * time.Second, BackoffMin: 8 * time.Second, BackoffMax: 9 * time.Second,
		Cooldown: 10 * time.Second, Stable: 7 * time.Second, GiveUp: []string{"78"}, Seamless: true,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := PolicyOf(daemonry.Service{Mode: daemonry.ModeBind}); p.Bind != DefaultBind {
		t.Errorf("bind budget %v", p.Bind)
	}
}

func TestGiveUpOn(t *testing.T) {
	p := Policy{GiveUp: []string{"78", "SIGILL"}}
	for _, c := range []struct {
		exit Exit
		want bool
	}{
		{Exit{Known: true, Code: 78}, true},
		{Exit{Known: true, Signal: "SIGILL"}, true},
		{Exit{Known: true, Code: 1}, false},
		{Exit{Known: true, Code: 78, Signal: "SIGKILL"}, false},
		{Exit{Code: 78}, false},
	} {
		if got := p.givesUp(c.exit); got != c.want {
			t.Errorf("%v: %v", c.exit, got)
		}
	}
}

func TestExitString(t *testing.T) {
	for want, e := range map[string]Exit{
		"exited with status 1":            {Known: true, Code: 1},
		"killed by SIGKILL":               {Known: true, Signal: "SIGKILL"},
		"killed by SIGSEGV (core dumped)": {Known: true, Signal: "SIGSEGV", Core: true},
		"ended, status unknown":           {},
		"exited with status 0":            {Known: true},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Verb(99).String(); got != "Verb(99)" {
		t.Error(got)
	}
}
