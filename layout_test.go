package daemonry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/daemonry/daemonry"

// importRules says who may not import whom, and why. A package that names no
// rule is free; a prefix ending in "/..." means all below it.
var importRules = []struct{ pkg, mayNot, because string }{
	{"", "broker-side", "the client SDK lands in other people's binaries"},
	{"backend", "broker-side", "the daemon SDK lands in other people's binaries"},
	{"", "third-party", "standard library and golang.org/x/sys only: other people's binaries inherit it"},
	{"backend", "third-party", "standard library and golang.org/x/sys only: other people's binaries inherit it"},
	{"internal/endpoint", module + "/...", "a leaf: paths, sockets and peers know no service"},
	{"internal/process", module + "/...", "a leaf: processes know no service"},
	{"internal/inspect", module + "/...", "a leaf: it knows processes"},
	{"internal/watch", module + "/...", "a leaf: it knows descriptors"},
	{"internal/sockdiag", module + "/...", "a leaf: it knows sockets"},
	{"internal/notify", module + "/...", "a leaf: it knows datagrams"},
	{"internal/proxy", module + "/...", "a leaf: it knows connections"},
	{"internal/lifecycle", "effects", "pure: no clock, process or socket"},
	{"internal/definition", "broker-side", "definitions are read, not acted on"},
	{"internal/journal", module + "/...", "a leaf: it knows files"},
	{"backendtest", "third-party", "standard library and golang.org/x/sys only: other people's tests inherit it"},
	{"backendtest", module + "/internal/broker", "the kit stands in for the broker and needs none"},
	{"internal/conform", module + "/internal/broker", "the kit stands in for the broker and needs none"},
	{"internal/conform", module + "/backend", "the kit looks at daemons of any make, and from outside"},
	{"internal/cli", module + "/internal/process", "the command line talks to the broker, not to daemons"},
	{"internal/cli", module + "/internal/lifecycle", "the command line talks to the broker, not to machines"},
}

// groups are words that stand for several packages in importRules.
var groups = map[string]func(path string) bool{
	"broker-side": func(p string) bool {
		for _, name := range []string{"broker", "lifecycle", "journal", "cli", "watch", "sockdiag"} {
			if p == module+"/internal/"+name {
				return true
			}
		}
		return strings.HasPrefix(p, module+"/proto") || strings.HasPrefix(p, module+"/broker")
	},
	"third-party": func(p string) bool {
		first, _, _ := strings.Cut(p, "/")
		return strings.Contains(first, ".") && !strings.HasPrefix(p, module) && !strings.HasPrefix(p, "golang.org/x/sys/")
	},
	"effects": func(p string) bool {
		switch p {
		case "os", "net", "syscall", "os/exec", "io/fs", "sync", "context", "golang.org/x/sys/unix":
			return true
		}
		return strings.HasPrefix(p, module+"/internal/")
	},
}

type listed struct {
	ImportPath, Dir, Name string
	Imports, Deps         []string
	GoFiles               []string
}

func listPackages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports,Deps,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	for _, rule := range importRules {
		p, ok := packages[strings.TrimSuffix(module+"/"+rule.pkg, "/")]
		if !ok {
			t.Errorf("rule for %q: no such package", rule.pkg)
			continue
		}
		forbidden := matcher(rule.mayNot)
		imports := p.Deps
		if rule.mayNot == "effects" || rule.pkg == "internal/cli" {
			imports = p.Imports // what those import in turn is their business
		}
		for _, path := range imports {
			if forbidden(path) {
				t.Errorf("%s imports %s, which it may not: %s", p.ImportPath, path, rule.because)
			}
		}
	}
}

func matcher(pattern string) func(string) bool {
	if f := groups[pattern]; f != nil {
		return f
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return func(p string) bool { return p == prefix || strings.HasPrefix(p, prefix+"/") }
	}
	return func(p string) bool { return p == pattern }
}

// TestPackageDocs: every package says what it is for, in one place.
func TestPackageDocs(t *testing.T) {
	for path, p := range listPackages(t) {
		if strings.HasPrefix(path, module+"/proto/") {
			continue // generated
		}
		var with []string
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				with = append(with, name)
			}
		}
		if len(with) != 1 {
			t.Errorf("%s: package documentation in %v, want it in exactly one file", path, with)
		}
		if p.Name != "main" && !slices.Contains(with, "doc.go") {
			t.Errorf("%s: package documentation in %v, want doc.go", path, with)
		}
	}
}

// TestFileSizes keeps files short enough to be read at a sitting.
func TestFileSizes(t *testing.T) {
	for path, p := range listPackages(t) {
		if strings.HasPrefix(path, module+"/proto/") {
			continue
		}
		for _, name := range p.GoFiles {
			data, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(data, []byte("\n")); lines >= 400 {
				t.Errorf("%s/%s has %d lines, want less than 400", path, name, lines)
			}
		}
	}
}
