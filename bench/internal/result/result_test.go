package result

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWriteRead(t *testing.T) {
	var m Measure
	m.AddTime("a", 10, time.Millisecond, 2*time.Millisecond)
	m.Add("b", 0, Bytes, 7)
	f := &File{Machine: Machine{Cores: 2}, Runs: []Run{{Measures: []Measure{m}}}}
	path := filepath.Join(t.TempDir(), "raw.json")
	if err := f.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadRefusesOtherFiles(t *testing.T) {
	for text, name := range map[string]string{"{}": "schema", "no json": "json"} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// The values of one index belong together, also when runs are pooled.
func TestPoolKeepsPairs(t *testing.T) {
	run := func(offset float64) Run {
		m := Measure{Name: "m"}
		m.Add("a", 0, Count, offset+1, offset+2)
		m.Add("b", 0, Count, offset+1, offset+2)
		return Run{Measures: []Measure{m}}
	}
	f := &File{Runs: []Run{run(0), run(10)}}
	pooled := f.Pool()
	if len(pooled) != 1 || len(pooled[0].Series) != 2 {
		t.Fatalf("pooled %+v, want one measure of two series", pooled)
	}
	want := []float64{1, 2, 11, 12}
	for _, s := range pooled[0].Series {
		if diff := cmp.Diff(want, s.Values); diff != "" {
			t.Errorf("%s: %s", s.Name, diff)
		}
	}
	if got := f.Runs[0].Measures[0].Series[0].Values; len(got) != 2 {
		t.Errorf("pooling changed the run: %v", got)
	}
}

func TestThisMachineNamesNoHost(t *testing.T) {
	m := ThisMachine()
	if m.Cores == 0 || m.Go == "" || m.System == "" {
		t.Errorf("%+v lacks something", m)
	}
	host, err := os.Hostname()
	if err != nil || host == "localhost" || len(host) < 4 {
		return // nothing to look for
	}
	if m.Kernel == host || m.Processor == host {
		t.Errorf("%+v names the host", m)
	}
}
