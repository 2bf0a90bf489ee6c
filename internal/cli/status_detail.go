package cli

import (
	"fmt"
	"strings"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// detailLines is how many of the last lines of output the detailed view shows.
const detailLines = 10

// labelWidth is that of the widest label in the detailed view.
const labelWidth = len("definition")

// detail is all there is to say about one service, a labelled line each.
func (c console) detail(s *daemonryv1.Service) string {
	d := details{console: c}
	d.say("name", titleOf(s))
	d.sayIn(stateStyle(s.GetState()), "state", c.stateLine(s))
	d.say("status", s.GetStatus())
	d.error(s)
	for _, finding := range s.GetFindings() {
		d.sayIn(styleWarn, "finding", finding)
	}
	d.endpoints(s)
	d.processes(s)
	d.say("clients", clientsLine(s))
	d.last("last used", s)
	d.say("started", d.startsLine(s))
	d.exit(s.GetLastExit())
	d.say("definition", s.GetDefinition())
	d.say("mode", s.GetMode())
	d.say("log", s.GetLog())
	return d.text.String()
}

// details collects labelled lines; one without a value is left out.
type details struct {
	console
	text strings.Builder
}

func (d *details) say(label, value string) { d.sayIn(styleNone, label, value) }

// sayIn is say with the value's first word in style.
func (d *details) sayIn(style, label, value string) {
	value = oneLine(value)
	if value == "" {
		return
	}
	label = fmt.Sprintf("%*s", labelWidth, label)
	for _, line := range wrap(value, d.room(labelWidth+len(gap))) {
		first, rest, more := strings.Cut(line, " ")
		if more {
			rest = " " + rest
		}
		d.text.WriteString(d.paint(styleFaint, label) + gap + d.paint(style, first) + rest + "\n")
		label, style = strings.Repeat(" ", len(label)), styleNone
	}
}

func titleOf(s *daemonryv1.Service) string {
	title := nameText(s.GetName(), s.GetVersion(), s.GetInstance())
	if s.GetDescription() != "" {
		title += ", " + s.GetDescription()
	}
	return title
}

// stateLine is the state and, where one is scheduled, the next attempt.
func (c console) stateLine(s *daemonryv1.Service) string {
	line := s.GetState()
	if s.GetNextAttemptAt() != nil {
		line += ", next try " + c.until(s.GetNextAttemptAt())
	}
	return line
}

func (d *details) error(s *daemonryv1.Service) {
	e := s.GetError()
	if e == nil {
		return
	}
	text := e.GetMessage()
	if e.GetKind() != "" {
		text += " (" + e.GetKind() + ")"
	}
	d.say("error", text)
	if !strings.HasSuffix(s.GetLastExit().GetOutput(), e.GetOutput()) { // shown below
		d.output(e.GetOutput())
	}
}

func (d *details) endpoints(s *daemonryv1.Service) {
	d.say("endpoint", s.GetEndpoint())
	for _, l := range s.GetListeners() {
		text := endpointText(l.GetNetwork(), l.GetAddress())
		if text == s.GetEndpoint() || l.GetAddress() == s.GetEndpoint() {
			continue
		}
		d.say("listener", strings.TrimPrefix(l.GetName()+" "+text, " "))
	}
}

func (d *details) processes(s *daemonryv1.Service) {
	for _, p := range s.GetProcesses() {
		line := fmt.Sprintf("%d %s, generation %d", p.GetPid(), p.GetRole(), p.GetGeneration())
		if p.GetStartedAt() != nil {
			line += ", up " + span(d.now().Sub(p.GetStartedAt().AsTime()))
		}
		if p.GetMemoryBytes() > 0 {
			line += fmt.Sprintf(", %s, %.1fs of CPU", size(p.GetMemoryBytes()), p.GetCpuSeconds())
		}
		d.say("process", line)
	}
}

// clientsLine is "3 connections open, 2 waiting", as far as that is known.
func clientsLine(s *daemonryv1.Service) string {
	var parts []string
	if s.Connections != nil {
		parts = append(parts, count(*s.Connections, "connection")+" open")
	}
	if s.Pending != nil {
		parts = append(parts, fmt.Sprintf("%d waiting", *s.Pending))
	}
	return strings.Join(parts, ", ")
}

func (d *details) last(label string, s *daemonryv1.Service) {
	if t := s.GetLastUsedAt(); t != nil {
		d.say(label, d.when(t))
	}
}

// startsLine is "2026-01-02 15:04:05 (3m ago), start 2 of this broker, ready after 1.5s".
func (c console) startsLine(s *daemonryv1.Service) string {
	if s.GetStarts() == 0 && s.GetStartedAt() == nil {
		return ""
	}
	var parts []string
	if s.GetStartedAt() != nil {
		parts = append(parts, c.when(s.GetStartedAt()))
	}
	if s.GetStarts() > 0 {
		parts = append(parts, count(int(s.GetStarts()), "start")+" since the broker began")
	}
	if p := s.GetPhases(); p != nil && p.ReadyMs != nil {
		parts = append(parts, "ready after "+milliseconds(p.GetReadyMs()))
	}
	return strings.Join(parts, ", ")
}

func (d *details) exit(e *daemonryv1.Exit) {
	if e == nil {
		return
	}
	text := exitText(e)
	if e.GetAt() != nil {
		text += ", " + d.when(e.GetAt())
	}
	d.say("last exit", text)
	d.output(e.GetOutput())
}

func (d *details) output(text string) {
	indent := strings.Repeat(" ", labelWidth)
	for line := range strings.Lines(quote(text, detailLines)) {
		line = strings.TrimSuffix(line, "\n")
		d.text.WriteString(shorten(indent+line, d.width) + "\n")
	}
}

func exitText(e *daemonryv1.Exit) string {
	switch {
	case e.GetSignal() != "" && e.GetCoreDumped():
		return "killed by " + e.GetSignal() + " (core dumped)"
	case e.GetSignal() != "":
		return "killed by " + e.GetSignal()
	case e.Code != nil:
		return fmt.Sprintf("status %d", e.GetCode())
	}
	return "ended, status unknown"
}
