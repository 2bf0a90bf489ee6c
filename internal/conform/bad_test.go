//go:build linux

package conform

import (
	"os"
	"strings"
	"testing"
	"time"
)

// Every check fails for a daemon that breaks its rule, and no other check does.
func TestBadDaemons(t *testing.T) {
	short := func(t *Target) { t.Start = time.Second }
	for _, bad := range []struct {
		role, check, says string
		mode              Mode
		change            func(*Target)
	}{
		{"never accepts", takesListener, "did not accept a connection within 1s", Inherit, short},
		{"exits", takesListener, "exited with status 1", Inherit, nil},
		{"elsewhere", takesListener, ".sock.too instead", Inherit, short},
		{"never binds", binds, "did not listen at the path that it was given within 1s", Bind, short},
		{"exits", binds, "exited with status 1", Bind, nil},
		{"elsewhere", binds, ".sock.too instead", Bind, short},
		{"no listen", binds, "bound the path and does not listen", Bind, short},
		{"no socket", binds, "no socket at the path", Bind, short},
		{"wrong answer", answers, `not the expected one: "what? hello\n"`, Inherit, nil},
		{"second listener", oneListener, "tcp:127.0.0.1:", Inherit, nil},
		{"second listener6", oneListener, "tcp:[::1]:", Inherit, nil},
		{"abstract listener", oneListener, "unix:@", Bind, nil},
		{"chmod", keepsMode, "the mode is 0777", Inherit, nil},
		{"quiet", logs, "/dev/null", Inherit, nil},
		{"closed log", logs, "closed", Bind, nil},
		{"leaky", children, "/sleep", Inherit, nil},
		{"leaky", children, "/sleep", Bind, nil},
		{"stubborn", stops, "did not end within 1s of SIGTERM", Inherit, func(t *Target) { t.Grace = time.Second }},
		{"status", stops, "exited with status 3", Inherit, nil},
		{"unlinks", keepsPath, "gone while it ran", Inherit, nil},
		{"unlinks at the end", keepsPath, "gone after its end", Inherit, nil},
		{"shuts down", keepsListener, "refused connections after its end", Inherit, nil},
		{"never ready", announces, "READY=1 within 1s", Inherit, short},
		{"early ready", announces, "did not answer a request within 300ms", Inherit, func(t *Target) { t.Answer = 300 * time.Millisecond }},
		{"drops the queue", queue, "closed without an answer", Inherit, nil},
		{"loads first", state, "did not accept a connection", Inherit, shortAnswer},
		{"loads first", state, "did not listen", Bind, shortAnswer},
		{"abrupt", drains, "closed without an answer", Inherit, nil},
		{"drains badly", drains, "exited with status 4", Bind, nil},
		{"orphan", survivesBroker, "parent was killed", Inherit, nil},
		{"needs broker", survivesBroker, "notify socket closed", Bind, nil},
		{"exclusive", twoAtOnce, "exited with status 1", Inherit, nil},
		{"exclusive", twoAtOnce, "exited with status 1", Bind, nil},
		{"binds late", speed, "the budget is 500ms", Bind, func(t *Target) { t.BindBudget = 0 }},
		{"pid file", restarts, "SIGKILL", Inherit, nil},
		{"pid file", restarts, "SIGKILL", Bind, nil},
	} {
		t.Run(strings.ReplaceAll(bad.role, " ", "-")+"/"+string(bad.mode), func(t *testing.T) {
			t.Parallel()
			target := target(t, bad.role)
			target.Modes = []Mode{bad.mode}
			if strings.HasPrefix(bad.role, "loads") {
				nameState(t, &target)
			}
			if bad.change != nil {
				bad.change(&target)
			}
			onlyFails(t, look(t, target), bad.check, bad.says)
		})
	}
}

// shortAnswer bounds how long the state check waits.
func shortAnswer(t *Target) { t.Answer = time.Second }

// nameState makes a state for the player and names it.
func nameState(t *testing.T, target *Target) {
	t.Helper()
	for _, entry := range target.Env {
		if dir, ok := strings.CutPrefix(entry, "DIR="); ok {
			target.State = dir + "/state"
		}
	}
	if err := os.WriteFile(target.State, []byte("state"), 0o640); err != nil {
		t.Fatal(err)
	}
}

func onlyFails(t *testing.T, r Report, check, says string) {
	t.Helper()
	if r.Passed {
		t.Errorf("the report passed")
	}
	for _, one := range r.Results {
		if failed := one.Status == Fail; failed != (one.Name == check) {
			t.Errorf("%s: %s: %s", one.Name, one.Status, one.Detail)
		}
	}
	bad := result(t, r, check)
	if !strings.Contains(bad.Detail, says) {
		t.Errorf("%s says %q, want %q in it", check, bad.Detail, says)
	}
	if bad.Hint == "" || bad.Why == "" || bad.Promise == "" {
		t.Errorf("a failure without hint, reason or promise: %+v", bad)
	}
}

// What a daemon printed last is in the result.
func TestFailureCarriesOutput(t *testing.T) {
	t.Parallel()
	r := look(t, target(t, "exits"))
	if got := result(t, r, takesListener).Output; got != "player: the index is damaged\n" {
		t.Errorf("output %q", got)
	}
}

// Every check has a bad daemon above: nothing is in the kit that cannot fail.
func TestEveryCheckHasABadDaemon(t *testing.T) {
	data, err := os.ReadFile("bad_test.go")
	if err != nil {
		t.Fatal(err)
	}
	variable := map[string]string{
		takesListener: "takesListener", binds: "binds", answers: "answers", oneListener: "oneListener", keepsMode: "keepsMode",
		logs: "logs", children: "children", stops: "stops", keepsPath: "keepsPath", keepsListener: "keepsListener",
		announces: "announces", queue: "queue", state: "state", drains: "drains", survivesBroker: "survivesBroker",
		twoAtOnce: "twoAtOnce", speed: "speed", restarts: "restarts",
	}
	for _, c := range Checks() {
		if v := variable[c.Name]; v == "" || !strings.Contains(string(data), `", `+v+`, `) {
			t.Errorf("no bad daemon for %s", c.Name)
		}
	}
}
