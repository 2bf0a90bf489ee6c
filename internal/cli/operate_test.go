package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// Every command sends what it was told and says in one line what came of it.
func TestOperations(t *testing.T) {
	for _, test := range []struct {
		args []string
		sent any
		out  string
	}{
		{[]string{"start", "x"}, &daemonryv1.StartRequest{Name: "x"}, "x: ready, pid 9\n"},
		{[]string{"start", "x", "--wait-ready"}, &daemonryv1.StartRequest{Name: "x", WaitReady: true}, "x: ready, pid 9\n"},
		{[]string{"restart", "x@2/i"}, &daemonryv1.RestartRequest{Name: "x@2/i"}, "x@2/i: ready, pid 9\n"},
		{[]string{"stop", "x"}, &daemonryv1.StopRequest{Name: "x"}, "x: stopped\n"},
		{[]string{"enable", "x"}, &daemonryv1.EnableRequest{Name: "x"}, "x: enabled\n"},
		{[]string{"disable", "x"}, &daemonryv1.DisableRequest{Name: "x"}, "x: disabled\n"},
		{[]string{"remove", "x"}, &daemonryv1.RemoveRequest{Name: "x"}, "x: removed /c/services/x.toml\n"},
		{[]string{"shutdown"}, &daemonryv1.ShutdownRequest{}, "broker: ended\n"},
		{[]string{"shutdown", "--all"}, &daemonryv1.ShutdownRequest{All: true}, "broker: ended, 2 daemons stopped\n"},
		{
			[]string{"add", "x", "--idle", "30m", "--env", "A=b=c", "--mode", "bind", "--", "/bin/x", "--replace"},
			&daemonryv1.ApplyRequest{Name: "x", Toml: "command = [\"/bin/x\", \"--replace\"]\nmode = \"bind\"\n\n[limits]\nidle = \"30m\"\n\n[process.env]\nA = \"b=c\"\n"},
			"x: added /c/services/x.toml\n",
		},
	} {
		s := newStand(t)
		fake := &fakeBroker{asked: make(chan any, 1), services: []*daemonryv1.Service{{Name: "x", State: "ready", Pid: 9}}}
		s.serve(fake)
		s.want(exitDone, test.args...)
		if diff := cmp.Diff(test.sent, <-fake.asked, protocmp.Transform()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
		if got := s.out.String(); got != test.out {
			t.Errorf("%v printed %q, want %q", test.args, got, test.out)
		}
	}
}

// While it waits a command shows what the daemon says.
func TestOperationTellsStatus(t *testing.T) {
	s := newStand(t)
	hold := make(chan struct{})
	s.serve(&fakeBroker{hold: hold, services: []*daemonryv1.Service{{Name: "x", State: "starting", Status: "loading the index"}}})
	told := &until{text: "loading the index", found: hold}
	s.console.err, s.console.live = told, true
	s.want(exitDone, "start", "x", "--wait-ready")
}

// until is a writer that closes found once text was written.
type until struct {
	text  string
	found chan struct{}
	done  bool
}

func (u *until) Write(p []byte) (int, error) {
	if !u.done && contains(p, u.text) {
		u.done = true
		close(u.found)
	}
	return len(p), nil
}

func TestAddHints(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{err: &daemonryv1.Error{Code: "busy", Op: "add", Service: "x", Message: "x is defined already"}})
	s.want(exitFailed, "add", "x", "--", "/bin/x")
	says(t, s.err.String(), "daemonry: cannot add x: x is defined already", "--replace")
	s.want(exitDone, "add", "x", "--dry-run", "--", "{home}/bin/x")
	if got := s.out.String(); got != "command = [\"{home}/bin/x\"]\n" {
		t.Errorf("got %q", got)
	}
}
