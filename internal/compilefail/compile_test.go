package compilefail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update in the environment rewrites the golden files with what the compiler says:
// a new Go release may word it differently. Read the difference.
const update = "COMPILEFAIL_UPDATE"

// TestProgramsThatMustNotCompile gives every program in testdata to the compiler, and
// compares what it says, position included.
func TestProgramsThatMustNotCompile(t *testing.T) {
	programs, err := filepath.Glob(filepath.Join("testdata", "*.go"))
	if err != nil || len(programs) == 0 {
		t.Fatalf("no programs in testdata (%v)", err)
	}
	for _, program := range programs {
		name := strings.TrimSuffix(filepath.Base(program), ".go")
		t.Run(name, func(t *testing.T) { checkProgram(t, program) })
	}
}

func checkProgram(t *testing.T, program string) {
	said, compiled := compile(t, program)
	golden := strings.TrimSuffix(program, ".go") + ".golden"
	if os.Getenv(update) != "" {
		if err := os.WriteFile(golden, []byte(said), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if mayCompile := len(want) == 0; compiled != mayCompile {
		t.Errorf("compiled: %v, should: %v", compiled, mayCompile)
	}
	if diff := cmp.Diff(string(want), said); diff != "" {
		t.Errorf("the compiler says otherwise (-want +got):\n%s", diff)
	}
}

// TestControlsCompile pins which programs have an empty golden file, lest an update
// turn a program that came to compile into a control.
func TestControlsCompile(t *testing.T) {
	goldens, err := filepath.Glob(filepath.Join("testdata", "*.golden"))
	if err != nil {
		t.Fatal(err)
	}
	for _, golden := range goldens {
		info, err := os.Stat(golden)
		if err != nil {
			t.Fatal(err)
		}
		control := strings.HasPrefix(filepath.Base(golden), "contract")
		if empty := info.Size() == 0; empty != control {
			t.Errorf("%s is empty: %v, should be: %v", golden, empty, control)
		}
	}
}

// declaredAt is where package backend has something: not what is compared.
var declaredAt = regexp.MustCompile(` \(declared at [^)]*\)`)

// compile builds a program, with every error told, and returns what the compiler
// says of it, free of paths that depend on the machine.
func compile(t *testing.T, program string) (said string, ok bool) {
	t.Helper()
	cmd := exec.Command("go", "build", "-gcflags=-e", "-o", os.DevNull, program)
	out, err := cmd.CombinedOutput()
	var lines strings.Builder
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "#") {
			continue // the package's name
		}
		line = filepath.ToSlash(strings.TrimPrefix(line, "."+string(filepath.Separator)))
		lines.WriteString(declaredAt.ReplaceAllString(line, ""))
	}
	return lines.String(), err == nil
}
