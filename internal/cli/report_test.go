package cli

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func TestExitCodes(t *testing.T) {
	for code, want := range map[string]int{
		"unknown_service": exitUnknown, "invalid_definition": exitFailed, "version_refused": exitFailed,
		"start_failed": exitDown, "failed": exitDown, "disabled": exitDown, "timeout": exitTimeout,
		"broker_unavailable": exitNoBroker, "unsafe_endpoint": exitFailed, "busy": exitFailed,
		"shutting_down": exitNoBroker, "off": exitNoBroker,
	} {
		t.Run(code, func(t *testing.T) {
			s := newStand(t)
			s.serve(&fakeBroker{err: &daemonryv1.Error{Code: code, Op: "start", Service: "x", Message: "no luck"}})
			s.want(want, "start", "x")
			says(t, s.err.String(), "daemonry: cannot start x: no luck\n")
			s.want(want, "endpoint", "x")
			says(t, s.err.String(), "daemonry: cannot start x: no luck\n")
			s.want(exitOwn, "exec", "x", "--", "true")
		})
	}
}

func TestUsage(t *testing.T) {
	s := newStand(t)
	for _, args := range [][]string{
		{"endpont"},
		{"endpoint"},
		{"endpoint", "a", "b"},
		{"status", "--nope"},
		{"start", "x", "--timeout", "soon"},
		{"status", "a", "b"},
		{"add", "x", "sh"},
		{"add", "x", "--"},
		{"add", "X", "--", "sh"},
		{"add", "x@1", "--", "sh"},
		{"add", "x", "--idle", "-3s", "--", "sh"},
		{"add", "x", "--mode", "odd", "--", "sh"},
		{"add", "x", "--env", "A", "--", "sh"},
		{"add", "x", "--", "no-such-program"},
		{"shutdown", "now"},
		{"version", "x"},
	} {
		s.want(exitUsage, args...)
		says(t, s.err.String(), "daemonry: ")
	}
	for _, args := range [][]string{
		{"exec", "x"}, {"exec", "x", "true"}, {"exec", "--", "true"}, {"exec", "x", "--"}, {"session"}, {"session", "x", "--", "y"}, {"session", "--bad"},
	} {
		s.want(exitOwn, args...)
	}
	s.want(exitUnknown, "start", "No_Such")
	s.want(exitDone, "help", "exit-codes")
	s.want(exitDone)
}

// An error shows what the daemon printed last, and what to do next.
func TestReport(t *testing.T) {
	s := newStand(t)
	output := "one\ntwo\nthree\n4\n5\n6\n7\n8\n9\n10\n\x1b[31meleven\x07\n"
	s.serve(&fakeBroker{err: &daemonryv1.Error{
		Code: "failed", Op: "start", Service: "lint", Message: "6 starts in 60s failed", Output: output, RetryAfter: durationpb.New(18 * time.Second),
	}})
	s.want(exitDown, "start", "lint")
	golden(t, "report_failed", s.err.String())
}

// A call that the broker holds back ends with --timeout.
func TestTimeout(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{hold: make(chan struct{})})
	s.want(exitTimeout, "start", "x", "--wait-ready", "--timeout", "30ms")
	says(t, s.err.String(), "daemonry: cannot start x: ", "daemonry status x")
}

func TestOffSaysSo(t *testing.T) {
	s := newStand(t)
	t.Setenv(envSwitch, "off")
	s.want(exitNoBroker, "endpoint", "x")
	says(t, s.err.String(), "DAEMONRY=off")
	s.want(exitNoBroker, "start", "x")
	says(t, s.err.String(), "DAEMONRY=off")
}
