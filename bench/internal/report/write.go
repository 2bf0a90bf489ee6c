package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/bench/internal/stat"
)

// Write writes the report to path, and its plots into a directory beside it that
// has the report's name in lower case, without the ending. notes are put at its end,
// Markdown as it is.
func Write(f *result.File, notes, path string) error {
	dir := strings.ToLower(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	p := page{file: f, plots: dir, into: filepath.Join(filepath.Dir(path), dir)}
	if err := os.MkdirAll(p.into, 0o755); err != nil {
		return err
	}
	p.head()
	p.table()
	for _, m := range f.Pool() {
		if err := p.measure(m); err != nil {
			return err
		}
	}
	p.line("%s", strings.TrimSpace(notes))
	return os.WriteFile(path, []byte(p.text.String()), 0o644)
}

// page is a report on its way.
type page struct {
	file  *result.File
	plots string // the plots' directory as the page names it
	into  string // and as we do
	text  strings.Builder
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *page) head() {
	p.line("# Performance\n")
	p.line("Written by `go run ./bench -report`; edits to what is measured here would be lost. How to run it: [CONTRIBUTING.md](../CONTRIBUTING.md), \"Measure\".\n")
	for _, r := range p.file.Runs {
		if r.Quick {
			p.line("**A quick run: it shows that the benchmark works. The numbers mean nothing.**\n")
			break
		}
	}
	m := p.file.Machine
	p.line("| the machine | |\n|---|---|")
	for _, row := range [][2]string{
		{"system", m.System + ", kernel " + m.Kernel},
		{"processor", fmt.Sprintf("%s, %d cores", m.Processor, m.Cores)},
		{"memory", m.Memory},
		{"Go", m.Go + ", programs built with CGO_ENABLED=0"},
		{"net.core.somaxconn", m.Backlog},
	} {
		p.line("| %s | %s |", row[0], row[1])
	}
	for i, r := range p.file.Runs {
		p.line("| run %d | %s UTC, %.0f s, load when it began %s; sockets and records on %s |", i+1, r.Began.UTC().Format("2006-01-02 15:04"), r.Took, r.Load, r.Files)
	}
	p.line("")
}

// table has every comparison, run by run and pooled.
func (p *page) table() {
	p.line("## What is aimed at, and what was measured\n")
	p.line("%s\n", "The sides of a comparison are measured in turn, one value each a round, so that a busy machine hits both: read the quotients, not the times. "+
		"A quotient is our median over the floor's; the interval holds it with 95 % confidence (pairs resampled); *single pairs* is the median of the quotients of one round, with quartiles: "+
		"where it disagrees with the quotient of medians, the noise was larger than the difference. \"Within the noise\" means that the interval holds the aim. "+
		"Compare runs with each other before you believe one.")
	head, rule := "| what |", "|---|"
	for i := range p.file.Runs {
		head, rule = head+fmt.Sprintf(" run %d |", i+1), rule+"---|"
	}
	p.line("%s all runs | single pairs | aim | |\n%s---|---|---|---|", head, rule)
	for _, m := range p.file.Pool() {
		for _, c := range m.Compare {
			p.row(m, c)
		}
	}
	p.line("")
}

func (p *page) row(m result.Measure, c result.Compare) {
	row := "| " + c.What + " |"
	for _, r := range p.file.Runs {
		cell := "–"
		for _, one := range r.Measures {
			if one.Name == m.Name {
				j := judge(one, c)
				cell = j.text(j.c.Medians)
			}
		}
		row += " " + cell + " |"
	}
	j := judge(m, c)
	p.line("%s %s %s | %s | %s | %s |", row, j.text(j.c.Medians), j.interval(), j.quartiles(), j.aim(), j.verdict())
}

// measure is one section: how, plot, values, facts.
func (p *page) measure(m result.Measure) error {
	p.line("## %s\n\n%s\n", m.Title, m.Method)
	for _, plot := range plotsOf(m) {
		name := plot.name + ".svg"
		if err := os.WriteFile(filepath.Join(p.into, name), []byte(plot.svg), 0o644); err != nil {
			return err
		}
		p.line("![%s](%s/%s)\n", plot.title, p.plots, name)
	}
	p.line("| | n | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|")
	for _, s := range m.Series {
		sum := stat.Summarise(s.Values)
		p.line("| %s | %d | %s | %s | %s | %s |", title(s), sum.N, value(sum.P50, s.Unit), value(sum.P90, s.Unit), value(sum.P99, s.Unit), value(sum.Max, s.Unit))
	}
	p.line("")
	for _, fact := range m.Facts {
		p.line("- %s", fact)
	}
	for _, missing := range m.Missing {
		p.line("- not measured: %s", missing)
	}
	if len(m.Facts)+len(m.Missing) > 0 {
		p.line("")
	}
	return nil
}
