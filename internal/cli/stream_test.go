package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func contains(p []byte, text string) bool { return bytes.Contains(p, []byte(text)) }

func TestLogs(t *testing.T) {
	s := newStand(t)
	fake := &fakeBroker{asked: make(chan any, 1)}
	s.serve(fake)
	for _, test := range []struct {
		args []string
		sent *daemonryv1.LogsRequest
	}{
		{nil, &daemonryv1.LogsRequest{Name: "x"}},
		{[]string{"-n", "5"}, &daemonryv1.LogsRequest{Name: "x", Lines: 5}},
		{[]string{"-f"}, &daemonryv1.LogsRequest{Name: "x", Lines: followLines, Follow: true}},
		{[]string{"-f", "-n", "0"}, &daemonryv1.LogsRequest{Name: "x", Follow: true}},
	} {
		s.want(exitDone, append([]string{"logs", "x"}, test.args...)...)
		if got := s.out.String(); got != "first\nsecond\n" {
			t.Errorf("%v: %q", test.args, got)
		}
		if diff := cmp.Diff(test.sent, <-fake.asked, protocmp.Transform()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
	}
	fake.err = &daemonryv1.Error{Code: "unknown_service", Message: "there is no x"}
	s.want(exitUnknown, "logs", "x")
	says(t, s.err.String(), "daemonry: cannot read the log of x: there is no x\n")
}

func TestLogsWithoutBrokerNamesTheFile(t *testing.T) {
	s := newStand(t)
	dir := filepath.Join(s.dirs.State, "logs")
	check(t, os.MkdirAll(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "x.log"), nil, 0o600))
	s.want(exitNoBroker, "logs", "x")
	says(t, s.err.String(), filepath.Join(dir, "x.log"))
}

func exampleEvents() []*daemonryv1.Event {
	return []*daemonryv1.Event{
		{At: before(time.Second), Service: "gocache", Generation: 3, Type: "spawned", From: "idle", To: "starting", Pid: 12, Cause: "a client came"},
		{At: before(0), Service: "index", Instance: "/home/me", Generation: 1, Type: "exited", From: "ready", To: "backoff", Cause: "exited with status 1", Error: &daemonryv1.Error{Code: "start_failed", Message: "exited with status 1"}},
		{Type: "recovered"},
	}
}

func TestEvents(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{events: exampleEvents()})
	s.want(exitDone, "events", "-f")
	golden(t, "events", s.out.String())
	s.console.screen = true
	s.want(exitDone, "events")
	fits(t, s.out.String())
	s.want(exitDone, "events", "--json")
	lines := strings.Split(strings.TrimSuffix(s.out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	var e map[string]any
	check(t, json.Unmarshal([]byte(lines[0]), &e))
	if e["at"] != "2026-01-02T11:59:59Z" || e["pid"] != 12.0 || e["error"] != nil {
		t.Errorf("got %v", e)
	}
}

// status --watch looks again as soon as something happened, and ends with the
// broker.
func TestStatusWatch(t *testing.T) {
	s := newStand(t)
	fake := &fakeBroker{services: exampleServices()[:1], events: exampleEvents()[:1]}
	s.serve(fake)
	s.console.out = &countdown{left: 1, then: func() { fake.err = &daemonryv1.Error{Code: "shutting_down", Message: "the broker is ending"} }}
	began := time.Now()
	s.want(exitNoBroker, "status", "--watch", "--json")
	if d := time.Since(began); d >= refresh {
		t.Errorf("it waited %s: the event was not noticed", d)
	}
	says(t, s.err.String(), "the broker is ending")
}

// countdown calls then after so many writes.
type countdown struct {
	bytes.Buffer
	left int
	then func()
}

func (c *countdown) Write(p []byte) (int, error) {
	if c.left--; c.left == 0 {
		c.then()
	}
	return c.Buffer.Write(p)
}
