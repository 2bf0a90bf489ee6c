package definition

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry"
)

// Each testdata/CASE.toml or .json has the messages of its refusal in
// CASE.golden, or if it is accepted the text that Format makes of it.
func TestGolden(t *testing.T) {
	for _, file := range glob(t, "testdata/*.toml", "testdata/*.json") {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parse := Parse
			if filepath.Ext(file) == ".json" {
				parse = ParseJSON
			}
			s, err := parse(name, data)
			compareGolden(t, strings.TrimSuffix(file, filepath.Ext(file))+".golden", outcome(t, s, err))
		})
	}
}

func outcome(t *testing.T, s daemonry.Service, err error) string {
	t.Helper()
	if err == nil {
		text, err := Format(s)
		if err != nil {
			t.Fatalf("Format refuses what Parse took: %v", err)
		}
		return "accepted\n" + string(text)
	}
	if daemonry.CodeOf(err) != daemonry.CodeInvalidDefinition {
		t.Errorf("code %q, want %q", daemonry.CodeOf(err), daemonry.CodeInvalidDefinition)
	}
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Errorf("%T, want *Error", err)
	}
	return err.Error() + "\n"
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var files []string
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil || len(found) == 0 {
			t.Fatalf("no files %s: %v", p, err)
		}
		files = append(files, found...)
	}
	return files
}
