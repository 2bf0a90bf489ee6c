package cli

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/daemonry/daemonry/internal/conform"
)

// someReport has one result of each status.
func someReport() conform.Report {
	check := func(name string) conform.Check {
		for _, c := range conform.Checks() {
			if c.Name == name {
				return c
			}
		}
		panic(name)
	}
	result := func(name string, s conform.Status, detail, output string) conform.Result {
		c := check(name)
		r := conform.Result{Mode: conform.Inherit, Name: name, Promise: c.Promise, Why: c.Why, Status: s, Detail: detail, Output: output}
		if s == conform.Fail || s == conform.Warn {
			r.Hint = c.Hint
		}
		return r
	}
	return conform.Report{
		Schema: 1, Command: []string{"/usr/bin/xd", "--serve"}, Millis: 4321,
		Results: []conform.Result{
			result("takes-listener", conform.Pass, "first connection accepted after 8.9ms", ""),
			result("stops", conform.Warn, "it does not handle SIGTERM: nothing is lost while it is idle, but requests under way are", ""),
			result("keeps-path", conform.Fail, "the path was gone after its end", "xd: removing \x1b[31mstale socket\n"+strings.Repeat("x", 100)+"\n"),
			result("state-blocked", conform.NotApplicable, "the file that it loads was not named: do so with --state", ""),
		},
		Timings: []conform.Timing{
			{Mode: conform.Inherit, What: "first_accept", Starts: 5, P50: 8.9, Max: 12.1},
			{Mode: conform.Inherit, What: "ready", Starts: 5, P50: 2009.4, Max: 2100},
		},
	}
}

// The report reads well in 80 columns, and what the daemon printed cannot harm the terminal.
func TestConformReport(t *testing.T) {
	s := newStand(t)
	r := someReport()
	a := &app{console: s.console}
	show := a.showResult(conformOptions{target: conform.Target{Argv: r.Command}})
	for _, one := range r.Results {
		show(one)
	}
	check(t, a.concludeConform(conformOptions{}, r))
	text := s.out.String()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > defaultWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	golden(t, "conform", text)
}

func TestConformList(t *testing.T) {
	s := newStand(t)
	s.want(exitDone, "conform", "--list")
	for _, c := range conform.Checks() {
		says(t, s.out.String(), c.Name+" ("+c.Promise+")")
	}
	s.want(exitUsage, "conform", "--list", "--", "/bin/true")
}

func TestConformUsage(t *testing.T) {
	s := newStand(t)
	for says1, args := range map[string][]string{
		"COMMAND is wanted":       {"conform"},
		"not found":               {"conform", "--", "no-such-program"},
		"inherit, bind or both":   {"conform", "--mode", "proxy", "--", "/bin/true"},
		"no escape":               {"conform", "--send", `\q`, "--", "/bin/true"},
		"cannot read --expect":    {"conform", "--expect", `\`, "--", "/bin/true"},
		"not a signal":            {"conform", "--stop-signal", "NONE", "--", "/bin/true"},
		`no check "x"`:            {"conform", "--skip", "x", "--", "/bin/true"},
		"not a regular file":      {"conform", "--state", "/dev/null", "--", "/bin/true"},
		"cannot write the report": {"conform", "--junit", "/nonexistent/x", "--", "/bin/true"},
	} {
		if runtime.GOOS != "linux" {
			break
		}
		if code := s.run(args...); code == exitDone {
			t.Errorf("%q: done", args)
		}
		says(t, s.err.String(), says1)
	}
}

// A daemon that fails: exit code 1, as a table, as JSON and as JUnit.
func TestConformFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kit is Linux's so far")
	}
	s := newStand(t)
	report := filepath.Join(t.TempDir(), "report.xml")
	args := []string{"conform", "--junit", report, "--", "/bin/sh", "-c", "echo no index >&2; exit 3"}
	s.want(exitFailed, args...)
	says(t, s.out.String(), "mode inherit", "FAIL  takes-listener   it exited with status 3", "| no index", " 1 failed, 17 not applicable")
	data, err := os.ReadFile(report)
	check(t, err)
	var suites struct {
		Suites []struct {
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	check(t, xml.Unmarshal(data, &suites))
	if len(suites.Suites) != 1 || suites.Suites[0].Failures != 1 {
		t.Errorf("the report is %s", data)
	}
	s.want(exitFailed, append([]string{"conform", "--json"}, args[1:]...)...)
	var r struct {
		Schema int
		Passed *bool
		Checks []map[string]any
	}
	check(t, json.Unmarshal(s.out.Bytes(), &r))
	if r.Schema != 1 || r.Passed == nil || *r.Passed || len(r.Checks) != len(conform.Checks()) {
		t.Errorf("the JSON is %s", &s.out)
	}
}

// A daemon that passes: exit code 0.
func TestConformPasses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the kit is Linux's so far")
	}
	s := newStand(t)
	script, err := filepath.Abs("../../examples/python/daemon.py")
	check(t, err)
	begun := time.Now()
	s.want(exitDone, "conform", "--starts", "2", "--send", `you\n`, "--expect", "hello, you", "--", "/usr/bin/python3", script)
	says(t, s.out.String(), "ok    drains", "FROM EXEC TO", "0 failed")
	t.Logf("took %v", time.Since(begun))
}
