package fastbind

import (
	"go/importer"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

// TestKnownNamesExist finds entries of known.txt that name nothing, such as a misspelt
// function, which would silently never match.
func TestKnownNamesExist(t *testing.T) {
	known, err := parseKnowledge(knownText)
	if err != nil {
		t.Fatal(err)
	}
	std := importer.ForCompiler(token.NewFileSet(), "gc", nil)
	for path, names := range known {
		if path == "*" || strings.Contains(path, ".") || path == "syscall" {
			continue // of another module, or differing between systems
		}
		p, err := std.Import(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for name := range names {
			if !tableNames(p, name) {
				t.Errorf("%s has no %s", path, name)
			}
		}
	}
}

// tableNames says whether a name of the table, or one that begins like it, is in a package.
func tableNames(p *types.Package, name string) bool {
	typeName, method, isMethod := strings.Cut(name, ".")
	if isMethod {
		o := p.Scope().Lookup(typeName)
		return o != nil && (method == "*" || hasMethod(o.Type(), method))
	}
	prefix, star := strings.CutSuffix(name, "*")
	for _, n := range p.Scope().Names() {
		if n == name || star && strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

func hasMethod(t types.Type, name string) bool {
	prefix, star := strings.CutSuffix(name, "*")
	if !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	for m := range types.NewMethodSet(t).Methods() {
		if n := m.Obj().Name(); n == name || star && strings.HasPrefix(n, prefix) {
			return true
		}
	}
	return false
}

func TestParseKnowledgeRefuses(t *testing.T) {
	for _, text := range []string{"os", "os file", "os files: Open", "file: Open", "os pure args: Open"} {
		if _, err := parseKnowledge(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestLookupTakesTheLongestEntry(t *testing.T) {
	known, err := parseKnowledge("p file: *\np pure: Read*\np wait: ReadAll Chan.*")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]kind{"Open": file, "ReadDir": pure, "ReadAll": wait, "Chan.Get": wait, "Chan": file} {
		if got, ok := known.lookup("p", name); !ok || got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, ok := known.lookup("q", "Open"); ok {
		t.Error("an unknown package is known")
	}
}
