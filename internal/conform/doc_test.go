package conform

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The manual has every check, its promises and its reason, in the code's words.
func TestManual(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/CONFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Checks() {
		modes := "both"
		if c.only != "" {
			modes = string(c.only)
		}
		if row := fmt.Sprintf("| `%s` | %s | %s | %s |", c.Name, modes, c.Promise, c.Why); !strings.Contains(string(data), row) {
			t.Errorf("docs/CONFORMANCE.md lacks:\n%s", row)
		}
	}
}
