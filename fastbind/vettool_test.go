package fastbind_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/tools/go/analysis/singlechecker"

	"github.com/daemonry/daemonry/fastbind"
)

// asTool in the environment makes the test binary the program of cmd/fastbind.
const asTool = "FASTBIND_TEST_AS_TOOL"

func TestMain(m *testing.M) {
	if os.Getenv(asTool) != "" {
		singlechecker.Main(fastbind.Analyzer)
		return
	}
	os.Exit(m.Run())
}

// TestVetTool runs the analyzer as go vet does: one process for each package, facts
// in files, the standard library included.
func TestVetTool(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "modules.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := txtar.Write(archive, dir); err != nil {
		t.Fatal(err)
	}
	stub := filepath.Join("testdata", "src", "github.com", "daemonry", "daemonry")
	if err := os.CopyFS(filepath.Join(dir, "daemonry"), os.DirFS(stub)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want(t, archive), vet(t, filepath.Join(dir, "app"))); diff != "" {
		t.Errorf("go vet -vettool says otherwise (-want +got):\n%s", diff)
	}
}

// vet runs go vet in a module with this binary as its tool, and returns what it says.
func vet(t *testing.T, dir string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "vet", "-vettool="+self, "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asTool+"=1", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "PWD="+dir)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("go vet found nothing: its exit code is 0")
	}
	return lines(string(out))
}

func want(t *testing.T, archive *txtar.Archive) []string {
	t.Helper()
	i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		t.Fatal("the archive has no file named want")
	}
	return lines(string(archive.Files[i].Data))
}

// lines returns the findings in order, without what versions of go vet put around them.
func lines(s string) []string {
	var all []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			all = append(all, strings.TrimPrefix(line, "./"))
		}
	}
	slices.Sort(all)
	return all
}
