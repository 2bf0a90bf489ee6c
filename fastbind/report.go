package fastbind

import (
	"go/ast"
	"strings"
)

// report says what is wrong with the package's backends, and with what runs before
// them.
func (u *unit) report(found []contract) {
	if len(found) == 0 {
		return
	}
	for _, c := range found {
		u.reportBind(c)
	}
	for _, f := range u.order {
		if f.early != "" && !f.test {
			u.reporter(f.early+" runs before Bind and ", doesIO, waits).sites(f, false)
		}
	}
	u.reportImports()
}

func (u *unit) reportBind(c contract) {
	if c.bind == nil {
		return
	}
	prefix := "Bind of " + c.name + " "
	if f := u.objects[c.bind]; f != nil {
		u.reporter(prefix, doesIO, waits, locks, usesState, hidden).sites(f, false)
		return
	}
	// Declared in another package: promoted from an embedded type, or started here
	// on behalf of another module.
	for k := range categories {
		if e, ok := u.imported(c.bind, k); ok && !u.allows(c.pos) {
			u.pass.Reportf(c.pos, "%s%s%s", prefix, e, hint(e))
		}
	}
}

// A reporter reports the sites of one function and of the literals it runs.
type reporter struct {
	unit    *unit
	prefix  string
	wanted  []category
	visited map[*function]bool
}

func (u *unit) reporter(prefix string, wanted ...category) *reporter {
	return &reporter{unit: u, prefix: prefix, wanted: wanted, visited: make(map[*function]bool)}
}

func (r *reporter) sites(f *function, detached bool) {
	if r.visited[f] {
		return
	}
	r.visited[f] = true
	for _, s := range f.sites {
		s.async = s.async || detached
		if s.lit != nil && s.label == "" {
			r.sites(r.unit.nodes[s.lit], s.async)
			continue
		}
		r.site(s)
	}
}

// site reports the effects of one site. That something cannot be seen through is worth
// saying only where nothing worse is.
func (r *reporter) site(s site) {
	told := false
	for _, c := range r.wanted {
		e, ok := r.unit.at(s, c)
		if !ok || c == hidden && told {
			continue
		}
		told = true
		r.unit.pass.Reportf(s.pos, "%s%s%s", r.prefix, e, hint(e))
	}
}

// hint says what to do instead, where that is one thing.
func hint(e effect) string {
	last := e.Chain[len(e.Chain)-1]
	if strings.HasPrefix(last, "net.Listen") {
		return "; use backend.Listen"
	}
	return ""
}

// reportImports reports what imported packages of the same module do before main,
// unless those have a backend themselves and it is reported there.
func (u *unit) reportImports() {
	told := make(map[string]bool)
	for _, file := range u.pass.Files {
		if u.inTest(file.Pos()) {
			continue
		}
		for _, spec := range file.Imports {
			u.reportImport(spec, told)
		}
	}
}

func (u *unit) reportImport(spec *ast.ImportSpec, told map[string]bool) {
	name := u.pass.TypesInfo.PkgNameOf(spec)
	if name == nil || u.allows(spec.Pos()) {
		return
	}
	for _, e := range u.importedEarly(name.Imported()) {
		if !e.Reported && !told[e.key()] {
			told[e.key()] = true
			u.pass.Reportf(spec.Pos(), "%s of %s runs before Bind and %s", e.Subject, e.Package, e.Effect)
		}
	}
}
