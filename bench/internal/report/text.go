package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/bench/internal/stat"
)

// Text is one measure for a terminal.
func Text(m result.Measure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s: %s\n", m.Name, m.Title)
	for _, s := range m.Series {
		sum := stat.Summarise(s.Values)
		fmt.Fprintf(&b, "  %-58s n %-6d p50 %-9s p90 %-9s p99 %-9s max %s\n", title(s),
			sum.N, value(sum.P50, s.Unit), value(sum.P90, s.Unit), value(sum.P99, s.Unit), value(sum.Max, s.Unit))
	}
	for _, c := range m.Compare {
		got := judge(m, c)
		fmt.Fprintf(&b, "  = %s: %s %s; single pairs %s; aim %s: %s\n", c.What,
			got.text(got.c.Medians), got.interval(), got.quartiles(), got.aim(), got.verdict())
	}
	for _, fact := range m.Facts {
		fmt.Fprintf(&b, "  · %s\n", fact)
	}
	for _, missing := range m.Missing {
		fmt.Fprintf(&b, "  ! not measured: %s\n", missing)
	}
	return b.String()
}

func title(s result.Series) string {
	if s.Size == 0 {
		return s.Name
	}
	return fmt.Sprintf("%d × %s", s.Size, s.Name)
}

// judged is a comparison with what it came to.
type judged struct {
	result.Compare
	unit result.Unit
	c    stat.Comparison
}

// judge compares the two series that c names.
func judge(m result.Measure, c result.Compare) judged {
	j := judged{Compare: c, c: stat.Ratio(nil, nil)}
	ours, floor := m.Find(c.Ours, c.Size), m.Find(c.Floor, c.Size)
	if ours == nil || floor == nil {
		return j
	}
	j.unit = ours.Unit
	if c.Excess {
		j.c = stat.Excess(ours.Values, floor.Values)
	} else {
		j.c = stat.Ratio(ours.Values, floor.Values)
	}
	return j
}

// text is a quotient as "1.23 ×", a difference as "+0.80 ms".
func (j judged) text(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case !j.Excess:
		return fmt.Sprintf("%.2f ×", v)
	case v < 0:
		return "−" + value(-v, j.unit)
	}
	return "+" + value(v, j.unit)
}

// interval is where the comparison of the medians lies with 95 % confidence.
func (j judged) interval() string {
	if math.IsNaN(j.c.Low) {
		return ""
	}
	return fmt.Sprintf("(%s to %s)", j.text(j.c.Low), j.text(j.c.High))
}

func (j judged) quartiles() string {
	return fmt.Sprintf("%s (%s to %s)", j.text(j.c.Pairs), j.text(j.c.Q1), j.text(j.c.Q3))
}

func (j judged) aim() string {
	if j.Aim == 0 {
		return "–"
	}
	return "≤ " + strings.TrimPrefix(j.text(j.Aim), "+")
}

// verdict says "met" or "missed" only where the interval does not hold the aim.
// What is counted and not timed needs none.
func (j judged) verdict() string {
	switch {
	case j.Aim == 0 || math.IsNaN(j.c.Medians):
		return "–"
	case math.IsNaN(j.c.Low) && j.unit != result.Count:
		return "too few values"
	case math.IsNaN(j.c.Low):
		if j.c.Medians <= j.Aim {
			return "met"
		}
		return "missed"
	case j.c.High <= j.Aim:
		return "met"
	case j.c.Low > j.Aim:
		return "missed"
	case j.c.Medians <= j.Aim:
		return "met, within the noise"
	}
	return "missed, within the noise"
}

// value is a number with a unit that reads well.
func value(v float64, u result.Unit) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v == 0:
		return "0"
	case u == result.Nanoseconds && v < 1e6:
		return fmt.Sprintf("%.1f µs", v/1e3)
	case u == result.Nanoseconds && v < 1e9:
		return fmt.Sprintf("%.2f ms", v/1e6)
	case u == result.Nanoseconds:
		return fmt.Sprintf("%.2f s", v/1e9)
	case u == result.Bytes:
		return fmt.Sprintf("%.1f MB", v/1e6)
	}
	return fmt.Sprintf("%g", v)
}
