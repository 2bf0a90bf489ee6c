package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daemonry/daemonry/bench/internal/result"
)

// sample has a measure of each kind: a comparison, growth, and counts.
func sample() *result.File {
	m := result.Measure{Name: "m", Title: "A <thing> & another"}
	for i := range 20 {
		m.Add("ours", 0, result.Nanoseconds, 1.2e6+float64(i))
		m.Add("floor", 0, result.Nanoseconds, 1e6+float64(i))
	}
	for _, size := range []int{1, 10, 100} {
		m.Add("grown", size, result.Nanoseconds, float64(size)*1e6)
		m.Add("memory", size, result.Bytes, 3e6)
	}
	m.Compare = []result.Compare{
		{What: "ratio", Ours: "ours", Floor: "floor", Aim: 1.5},
		{What: "more", Ours: "ours", Floor: "floor", Excess: true, Aim: 1e5},
		{What: "absent", Ours: "ours", Floor: "nobody", Aim: 1},
	}
	m.Missing = []string{"a peer: not installed"}
	return &result.File{Runs: []result.Run{{Measures: []result.Measure{m}}, {Measures: []result.Measure{m}}}}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "PERFORMANCE.md")
	if err := Write(sample(), "## Notes\n", path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| ratio | 1.20 × | 1.20 × | 1.20 × (1.20 × to 1.20 ×) |", "| ≤ 1.50 × | met |",
		"| more | +200.0 µs |", "| ≤ 100.0 µs | missed |",
		"| absent | – |", "- not measured: a peer: not installed", "## Notes", "performance/m-time.svg",
		"| ours | 40 |", "| 10 × grown | 2 | 10.00 ms |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	plots, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "performance", "*.svg"))
	if len(plots) != 3 {
		t.Errorf("plots are %v, want three", plots)
	}
	for _, plot := range plots {
		wellFormed(t, plot)
	}
}

func wellFormed(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
}

func TestTextNamesWhatIsMissing(t *testing.T) {
	text := Text(sample().Runs[0].Measures[0])
	for _, want := range []string{"= ratio: 1.20 ×", "= absent: –", "! not measured: a peer"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestVerdictAdmitsNoise(t *testing.T) {
	noisy := func(ours ...float64) string {
		m := result.Measure{}
		m.Add("o", 0, result.Count, ours...)
		m.Add("f", 0, result.Count, 1, 1, 1, 1, 1)
		return judge(m, result.Compare{Ours: "o", Floor: "f", Aim: 1.5}).verdict()
	}
	for _, c := range []struct {
		ours []float64
		want string
	}{
		{[]float64{1, 1, 1, 1, 1}, "met"},
		{[]float64{2, 2, 2, 2, 2}, "missed"},
		{[]float64{1, 1, 1, 9, 9}, "met, within the noise"},
		{[]float64{1, 1, 9, 9, 9}, "missed, within the noise"},
	} {
		if got := noisy(c.ours...); got != c.want {
			t.Errorf("%v against ones and an aim of 1.5: %q, want %q", c.ours, got, c.want)
		}
	}
}

func TestTicksAreRoundAndFew(t *testing.T) {
	for _, most := range []float64{1, 7, 12, 0.3, 99e6, 1e9} {
		if n := len(ticks(most)); n < 3 || n > 8 {
			t.Errorf("%d ticks up to %v: %v", n, most, ticks(most))
		}
	}
}
