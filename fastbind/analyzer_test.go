package fastbind_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/daemonry/daemonry/fastbind"
)

// TestFindings runs the analyzer over the packages in testdata, each of which has
// what is reported and what looks like it and is not.
func TestFindings(t *testing.T) {
	analysistest.Run(findingsOnly{t}, analysistest.TestData(), fastbind.Analyzer,
		"good", "reaches", "waits", "variables", "dynamic", "early",
		"imports", "imports/own", "allow", "contracts", "contracts/elsewhere")
}

// findingsOnly drops analysistest's complaints about facts that no comment expects:
// package imports tests facts by what is reported because of them.
type findingsOnly struct{ t *testing.T }

func (f findingsOnly) Errorf(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !strings.Contains(text, ": unexpected fact: ") {
		f.t.Error(text)
	}
}
