package daemonry_test

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var updateREADME = flag.Bool("update-readme", false, "put the examples' code into README.md")

// TestREADME: the code that the README shows is the code that is compiled and
// run in examples/hello, and is as short as the README says.
func TestREADME(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	for file, limit := range map[string]int{"examples/hello/main.go": 40, "examples/hello/client/main.go": 25} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(code), "\n"); n > limit {
			t.Errorf("%s has %d lines, want at most %d", file, n, limit)
		}
		block := regexp.MustCompile(`(?s)(<!-- ` + regexp.QuoteMeta(file) + ` -->\n).*?(<!-- end -->)`)
		if !block.MatchString(readme) {
			t.Fatalf("README.md has no place for %s", file)
		}
		want := block.ReplaceAllStringFunc(readme, func(s string) string {
			m := block.FindStringSubmatch(s)
			return m[1] + "\n```go\n" + string(code) + "```\n\n" + m[2]
		})
		if want == readme {
			continue
		}
		if !*updateREADME {
			t.Errorf("README.md does not show %s as it is; go test -run TestREADME -update-readme puts it in", file)
		}
		readme = want
	}
	if *updateREADME {
		if err := os.WriteFile("README.md", []byte(readme), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
