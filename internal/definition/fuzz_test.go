package definition

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daemonry/daemonry"
)

func FuzzParse(f *testing.F) {
	seed(f, ".toml")
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, data, Parse) })
}

func FuzzParseJSON(f *testing.F) {
	seed(f, ".json")
	f.Fuzz(func(t *testing.T, data []byte) { fuzz(t, data, ParseJSON) })
}

func seed(f *testing.F, suffix string) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			data, err := os.ReadFile("testdata/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
}

// fuzz: what is refused has places inside the text, what is accepted survives
// Format and Parse.
func fuzz(t *testing.T, data []byte, parse func(string, []byte) (daemonry.Service, error)) {
	s, err := parse("x", data)
	if e, ok := errors.AsType[*Error](err); ok {
		for _, p := range e.Problems() {
			lines := strings.Split(string(data), "\n")
			if p.Reason == "" || p.File == "" || p.Line > len(lines) || p.Line > 0 && p.Column > len(lines[p.Line-1])+1 || p.Line < 0 {
				t.Fatalf("a problem without a place: %+v", p)
			}
		}
		return
	}
	if err != nil {
		t.Fatalf("%T: %v", err, err)
	}
	text, err := Format(s)
	if err != nil {
		t.Fatalf("Format refuses what was accepted: %v", err)
	}
	back, err := Parse("x", text)
	if err != nil {
		t.Fatalf("Parse refuses what Format made: %v\n%s", err, text)
	}
	if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("round trip (-want +got):\n%s", diff)
	}
}
