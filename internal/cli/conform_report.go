package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/daemonry/daemonry/internal/conform"
)

// Columns of a result: two spaces, the status, the name, and what was seen.
const (
	statusColumn = 2
	nameColumn   = statusColumn + 6
	detailColumn = nameColumn + 17
)

// outputLines is how many of the daemon's last lines a failed check shows.
const outputLines = 6

// statusWord is how a table shows a status, and in which style.
func statusWord(s conform.Status) (word, style string) {
	switch s {
	case conform.Pass:
		return "ok", styleGood
	case conform.Warn:
		return "warn", styleWarn
	case conform.Fail:
		return "FAIL", styleBad
	default:
		return "n/a", styleFaint
	}
}

// resultText is a result in lines of the console's width.
func (c console) resultText(r conform.Result) string {
	word, style := statusWord(r.Status)
	var b strings.Builder
	indent := strings.Repeat(" ", detailColumn)
	fmt.Fprintf(&b, "%s%s%s%-*s", strings.Repeat(" ", statusColumn), c.paint(style, word),
		strings.Repeat(" ", nameColumn-statusColumn-len(word)), detailColumn-nameColumn, r.Name)
	b.WriteString(strings.TrimPrefix(wrapped(c.width, indent, clean(r.Detail)), indent) + "\n")
	if r.Status == conform.Fail {
		b.WriteString(labelled(c.width, indent, "why:  ", r.Why+" ("+r.Promise+")"))
	}
	if r.Hint != "" {
		b.WriteString(labelled(c.width, indent, "hint: ", r.Hint))
	}
	for line := range strings.Lines(quote(r.Output, outputLines)) {
		b.WriteString(indent[2:] + shorten(strings.TrimRight(line, "\n"), max(c.width-len(indent)+2, 0)) + "\n")
	}
	return b.String()
}

// labelled is text behind a label, its further lines below its first.
func labelled(width int, indent, label, text string) string {
	under := indent + strings.Repeat(" ", utf8.RuneCountInString(label))
	return indent + label + strings.TrimPrefix(wrapped(width, under, text), under) + "\n"
}

// wrapped breaks text into indented lines of at most width columns (0: one line),
// without a line end at the end.
func wrapped(width int, indent, text string) string {
	room := 0
	if width > 0 {
		room = max(width-len(indent), 20) // narrower is unreadable either way
	}
	return indent + strings.Join(wrap(text, room), "\n"+indent)
}

// conclusion is what follows the results.
func (c console) conclusion(r conform.Report) string {
	var b strings.Builder
	if len(r.Timings) > 0 {
		b.WriteString("\n" + c.timings(r.Timings))
	}
	passed := r.Count(conform.Pass) + r.Count(conform.Warn)
	fmt.Fprintf(&b, "\n%d passed", passed)
	if n := r.Count(conform.Warn); n > 0 {
		fmt.Fprintf(&b, " (%s)", count(n, "warning"))
	}
	failed := fmt.Sprintf("%d failed", r.Count(conform.Fail))
	if !r.Passed {
		failed = c.paint(styleBad, failed)
	}
	fmt.Fprintf(&b, ", %s, %d not applicable, in %s\n", failed, r.Count(conform.NotApplicable), span(time.Duration(r.Millis*float64(time.Millisecond))))
	return b.String()
}

func (c console) timings(list []conform.Timing) string {
	columns := []column{{title: "FROM EXEC TO"}, {title: "MODE"}, {title: "STARTS", right: true}, {title: "MEDIAN", right: true}, {title: "MAX", right: true}}
	var rows [][]cell
	for _, t := range list {
		rows = append(rows, []cell{
			{text: strings.ReplaceAll(t.What, "_", " ")},
			{text: string(t.Mode)},
			{text: fmt.Sprint(t.Starts)},
			{text: milliseconds(t.P50)},
			{text: milliseconds(t.Max)},
		})
	}
	return c.table(columns, rows)
}

// listChecks prints what would be checked.
func (a *app) listChecks() error {
	var b strings.Builder
	for _, check := range conform.Checks() {
		fmt.Fprintf(&b, "%s (%s)\n", a.paint(styleBold, check.Name), check.Promise)
		b.WriteString(wrapped(a.width, "    ", check.Why) + "\n")
	}
	_, err := fmt.Fprint(a.out, b.String())
	return err
}
