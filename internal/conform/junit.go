package conform

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of JUnit XML that continuous integration systems agree on.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"` // seconds
		Cases    []junitCase `xml:"testcase"`

		millis float64
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *junitSkipped `xml:"skipped,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
		Err     string        `xml:"system-err,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// WriteJUnit writes the report as JUnit XML, a suite for each mode. Characters that XML
// cannot have become U+FFFD.
func (r Report) WriteJUnit(w io.Writer) error {
	var all junitSuites
	for _, one := range r.Results {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Cases[0].Class != className(one) {
			all.Suites = append(all.Suites, junitSuite{Name: "daemonry conform (" + string(one.Mode) + "): " + strings.Join(r.Command, " ")})
		}
		all.Suites[len(all.Suites)-1].add(one)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func className(r Result) string { return "conform." + string(r.Mode) }

func (s *junitSuite) add(r Result) {
	c := junitCase{Class: className(r), Name: r.Name, Time: seconds(r.Millis), Out: r.Detail}
	switch r.Status {
	case Fail:
		s.Failures++
		text := r.Detail + "\n\nwhy: " + r.Why + " (" + r.Promise + ")\nhint: " + r.Hint + "\n"
		c.Failure = &junitFailure{Message: r.Detail, Type: "conform", Text: text}
		c.Out, c.Err = "", r.Output
	case NotApplicable:
		s.Skipped++
		c.Skipped, c.Out = &junitSkipped{Message: "not applicable: " + r.Detail}, ""
	case Warn:
		c.Out = "warning: " + r.Detail + "\nhint: " + r.Hint
	case Pass:
	}
	s.Tests++
	s.Cases = append(s.Cases, c)
	s.millis += r.Millis
	s.Time = seconds(s.millis)
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }
