package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daemonry/daemonry/bench/internal/measure"
	"github.com/daemonry/daemonry/bench/internal/result"
)

// The quick mode goes through every measure, and leaves neither file nor process
// behind. It says nothing about speed and no speed makes it fail.
func TestQuick(t *testing.T) {
	place, err := os.MkdirTemp("", "q") // t.TempDir is too long for sun_path
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(place)
	t.Setenv("TMPDIR", place)
	t.Setenv("XDG_RUNTIME_DIR", place)
	for _, name := range []string{"DAEMONRY_RUNTIME_DIR", "DAEMONRY_CONFIG_DIR", "DAEMONRY_STATE_DIR", "DAEMONRY_DOMAIN", "DAEMONRY_BROKER"} {
		t.Setenv(name, "") // has it put back
	}
	out := t.TempDir()
	raw, page := filepath.Join(out, "raw.json"), filepath.Join(out, "PERFORMANCE.md")
	if err := run(t.Context(), []string{"-quick", "-json", raw, "-report", page}); err != nil {
		t.Fatal(err)
	}
	everyMeasure(t, raw)
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "A quick run") {
		t.Errorf("%v: the report does not say that it is of a quick run:\n%s", err, text)
	}
	if left, _ := filepath.Glob(place + "/db*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, exe := range running(place) {
		t.Errorf("still running: %s", exe)
	}
}

// everyMeasure checks that each has values for all that it compares.
func everyMeasure(t *testing.T, raw string) {
	f, err := result.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range f.Runs[0].Measures {
		have[m.Name] = true
		for _, c := range m.Compare {
			ours, floor := m.Find(c.Ours, c.Size), m.Find(c.Floor, c.Size)
			if ours == nil || floor == nil || len(ours.Values) == 0 || len(ours.Values) != len(floor.Values) {
				t.Errorf("%s: %s compares %+v with %+v", m.Name, c.What, ours, floor)
			}
		}
	}
	for _, name := range measure.Names() {
		if !have[name] {
			t.Errorf("%s was not measured", name)
		}
	}
}

// running are the programs below dir that run.
func running(dir string) []string {
	var list []string
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && strings.HasPrefix(exe, dir) {
			list = append(list, exe)
		}
	}
	return list
}
