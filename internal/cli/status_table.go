package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// nothing stands in a table for what is unknown or does not exist.
const nothing = "-"

// nameWidth is the most that a name may take of a line of the table.
const nameWidth = 24

// overview is the table of all services, what is wrong with them below it, and
// the broker last.
func (c console) overview(s *snapshot) string {
	var b strings.Builder
	if len(s.services) == 0 {
		b.WriteString("no services are defined; 'daemonry add NAME -- COMMAND' defines one\n")
	} else {
		b.WriteString(c.serviceTable(s.services))
	}
	b.WriteString(c.troubles(s))
	fmt.Fprintf(&b, "\n%s\n", c.paint(styleFaint, shorten(c.brokerLine(s.broker), c.width)))
	return b.String()
}

func (c console) serviceTable(services []*daemonryv1.Service) string {
	columns := []column{
		{title: "NAME"},
		{title: "STATE"},
		{title: "PID", right: true},
		{title: "UP", right: true},
		{title: "CONN", right: true},
		{title: "ABOUT"},
	}
	names := displayNames(services)
	var rows [][]cell
	for i, s := range services {
		rows = append(rows, []cell{
			{elide(names[i], nameWidth), styleNone},
			{oneLine(s.GetState()), stateStyle(s.GetState())},
			{orNothing(s.GetPid()), styleNone},
			{c.uptime(s), styleNone},
			{optional(s.Connections), styleNone},
			{c.about(s), styleNone},
		})
	}
	return c.table(columns, rows)
}

// displayNames shows a version only where it tells two services apart.
func displayNames(services []*daemonryv1.Service) []string {
	same := map[string]int{}
	for _, s := range services {
		same[nameText(s.GetName(), "", s.GetInstance())]++
	}
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = nameText(s.GetName(), "", s.GetInstance())
		if same[names[i]] > 1 {
			names[i] = nameText(s.GetName(), s.GetVersion(), s.GetInstance())
		}
		names[i] = oneLine(names[i])
	}
	return names
}

func stateStyle(state string) string {
	switch daemonry.State(state) {
	case daemonry.StateReady:
		return styleGood
	case daemonry.StateStarting, daemonry.StateDraining, daemonry.StateBackoff:
		return styleWarn
	case daemonry.StateFailed:
		return styleBad
	case daemonry.StateDisabled, daemonry.StateIdle:
		return styleFaint
	}
	return styleNone
}

// about says the most telling thing of s in a few words: the rest is in the
// detailed view.
func (c console) about(s *daemonryv1.Service) string {
	var parts []string
	if s.GetPending() > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", s.GetPending()))
	}
	if next := s.GetNextAttemptAt(); next != nil {
		parts = append(parts, "next try "+c.until(next))
	}
	switch {
	case s.GetStatus() != "":
		parts = append(parts, oneLine(s.GetStatus()))
	case s.GetPid() == 0 && s.GetError() == nil && s.GetLastUsedAt() != nil:
		parts = append(parts, "used "+c.ago(s.GetLastUsedAt()))
	case s.GetPid() == 0 && s.GetError() == nil:
		parts = append(parts, oneLine(s.GetDescription()))
	case s.GetPid() != 0:
		parts = append(parts, memoryOf(s))
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return strings.Join(parts, ", ")
}

// memoryOf is what all processes of s use; "" if unknown.
func memoryOf(s *daemonryv1.Service) string {
	var sum uint64
	for _, p := range s.GetProcesses() {
		sum += p.GetMemoryBytes()
	}
	if sum == 0 {
		return ""
	}
	return size(sum)
}

// troubles are the errors of services and the refused definitions, in full.
func (c console) troubles(s *snapshot) string {
	var b strings.Builder
	names := displayNames(s.services)
	for i, one := range s.services {
		if e := one.GetError(); e != nil {
			b.WriteString(c.trouble(names[i], e.GetMessage()))
		}
	}
	for _, r := range s.refused {
		b.WriteString(c.trouble(oneLine(r.GetService()), "its definition was refused: "+r.GetMessage()))
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n" + b.String()
}

// trouble is "NAME: why", with what does not fit on the line indented below.
func (c console) trouble(name, why string) string {
	const indent = "  "
	lines := wrap(name+": "+oneLine(why), c.room(len(indent)))
	return c.paint(styleBad, strings.Join(lines, "\n"+indent)) + "\n"
}

func (c console) brokerLine(b *daemonryv1.BrokerInfo) string {
	line := fmt.Sprintf("broker %s, pid %d", oneLine(b.GetVersion()), b.GetPid())
	if b.GetStartedAt() != nil {
		line += ", up " + span(c.now().Sub(b.GetStartedAt().AsTime()))
	}
	if b.GetDomain() != "" {
		line += ", domain " + oneLine(b.GetDomain())
	}
	return line + ", " + oneLine(b.GetRuntimeDir())
}

// uptime is how long the serving process has been up.
func (c console) uptime(s *daemonryv1.Service) string {
	if s.GetPid() == 0 || s.GetStartedAt() == nil {
		return nothing
	}
	return span(c.now().Sub(s.GetStartedAt().AsTime()))
}

func (c console) ago(t *timestamppb.Timestamp) string {
	return span(c.now().Sub(t.AsTime())) + " ago"
}

func (c console) until(t *timestamppb.Timestamp) string {
	d := t.AsTime().Sub(c.now())
	if d <= 0 {
		return "now"
	}
	return "in " + span(d)
}

// when is t in the user's time zone, with how long ago it was.
func (c console) when(t *timestamppb.Timestamp) string {
	return t.AsTime().In(c.now().Location()).Format(time.DateTime) + " (" + c.ago(t) + ")"
}

func orNothing(n int32) string {
	if n == 0 {
		return nothing
	}
	return strconv.Itoa(int(n))
}

func optional(n *uint32) string {
	if n == nil {
		return nothing
	}
	return strconv.FormatUint(uint64(*n), 10)
}
