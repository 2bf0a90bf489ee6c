package conform

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"
)

func TestUnescape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		"plain, häßlich":         "plain, häßlich",
		`GET / HTTP/1.0\r\n\r\n`: "GET / HTTP/1.0\r\n\r\n",
		`\t\0\\\"\'\x00\xfF`:     "\t\x00\\\"'\x00\xff",
		`C:\\nothing\x41`:        `C:\nothingA`,
	} {
		if got, err := Unescape(text); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for text, says := range map[string]string{`ab\`: "single", `\q`: "no escape", `\x4`: "no escape", `\xzz`: "no escape", `\x+1`: "no escape"} {
		if got, err := Unescape(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q, %v, want %q", text, got, err, says)
		}
	}
}

func FuzzUnescape(f *testing.F) {
	f.Add(`GET / HTTP/1.0\r\n\r\n`)
	f.Add(`\x00\`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Unescape(text)
		if err == nil && len(got) > len(text) {
			t.Errorf("%q grew to %q", text, got)
		}
		// What holds no backslash is itself.
		if !strings.Contains(text, `\`) && (err != nil || string(got) != text) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		// Escaping undoes it.
		again, err := Unescape(strings.ReplaceAll(text, `\`, `\\`))
		if err != nil || string(again) != text {
			t.Errorf("%q came back as %q, %v", text, again, err)
		}
	})
}

// suites reads the report as a CI system would.
func suites(t *testing.T, r Report) junitSuites {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteJUnit(&out); err != nil {
		t.Fatal(err)
	}
	var back junitSuites
	if err := xml.Unmarshal(out.Bytes(), &back); err != nil {
		t.Fatalf("%v in %s", err, &out)
	}
	return back
}

func TestJUnit(t *testing.T) {
	t.Parallel()
	s := suites(t, Report{Command: []string{"/bin/d", "-x"}, Results: []Result{
		{Mode: Inherit, Name: "a", Status: Pass, Detail: "fine", Millis: 1500},
		{Mode: Inherit, Name: "b", Status: Fail, Detail: "bad", Why: "because", Promise: "P1", Hint: "do", Output: "\x1b[31m<oops>\x00", Millis: 20},
		{Mode: Bind, Name: "a", Status: NotApplicable, Detail: "no"},
		{Mode: Bind, Name: "b", Status: Warn, Detail: "hm", Hint: "think"},
	}}).Suites
	if len(s) != 2 {
		t.Fatalf("%d suites, want one for each mode", len(s))
	}
	if s[0].Tests != 2 || s[0].Failures != 1 || s[0].Skipped != 0 || s[0].Time != "1.520" || s[1].Skipped != 1 {
		t.Errorf("counts are %+v", s)
	}
	bad := s[0].Cases[1]
	if bad.Failure == nil || bad.Failure.Message != "bad" || !strings.Contains(bad.Failure.Text, "hint: do") || !strings.Contains(bad.Err, "<oops>") {
		t.Errorf("the failure is %+v", bad)
	}
	if c := s[1].Cases; c[0].Skipped == nil || !strings.Contains(c[1].Out, "think") {
		t.Errorf("the others are %+v", c)
	}
}

// Whatever a daemon prints, the report is XML.
func FuzzJUnit(f *testing.F) {
	f.Add("]]>&<\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		r := Report{Command: []string{text}, Results: []Result{{Mode: Inherit, Name: "a", Status: Fail, Detail: text, Output: text}}}
		if s := suites(t, r); len(s.Suites) != 1 || len(s.Suites[0].Cases) != 1 {
			t.Errorf("%q became %+v", text, s)
		}
	})
}

// Names, needs and words of the checks fit together.
func TestChecks(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Checks() {
		if seen[c.Name] || len(c.Name) > 15 || c.Why == "" || c.Hint == "" || c.Promise == "" {
			t.Errorf("check %+v", c)
		}
		for _, need := range c.needs {
			if !seen[need] {
				t.Errorf("%s builds on %s, which does not come before it", c.Name, need)
			}
		}
		seen[c.Name] = true
	}
}
