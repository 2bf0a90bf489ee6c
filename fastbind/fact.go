package fastbind

import (
	"go/types"
	"strings"
)

// A functionFact is what a caller in another package must know of a function.
type functionFact struct {
	Effects []effect
	// Invokes has a bit for each parameter that the function calls: whoever passes a
	// function there calls it. The last bit stands for every later parameter.
	Invokes uint64
}

// A variableFact marks a package variable that changes, or could, after it
// was initialised.
type variableFact struct{}

// A packageFact is exported for every package that was analysed.
type packageFact struct {
	Module string
	Early  []early // of the package and of those of its module that it imports
}

// An early is something done before main, hence before Bind.
type early struct {
	Package  string
	Subject  string // "init" or "package variable x"
	Effect   effect
	Reported bool // the package has a backend, so that it is reported there
}

func (*functionFact) AFact() {}
func (*variableFact) AFact() {}
func (*packageFact) AFact()  {}

func (f *functionFact) String() string {
	var words []string
	for _, e := range f.Effects {
		words = append(words, e.String())
	}
	if f.Invokes != 0 {
		words = append(words, "calls a parameter")
	}
	return strings.Join(words, "; ")
}

func (*variableFact) String() string { return "changes" }
func (f *packageFact) String() string {
	var words []string
	for _, e := range f.Early {
		words = append(words, e.String())
	}
	return strings.Join(words, "; ")
}

func (e early) String() string { return e.Subject + " " + e.Effect.String() }

// key tells two early effects apart, however many ways they were imported.
func (e early) key() string { return e.Package + " " + e.Subject + " " + string(e.Effect.Kind) }

// exportFacts tells the packages that import this one what it does.
func (u *unit) exportFacts(found []contract) {
	for _, f := range u.order {
		fact := &functionFact{Effects: f.list(), Invokes: f.invokes}
		if f.object != nil && (len(fact.Effects) > 0 || fact.Invokes != 0) {
			u.pass.ExportObjectFact(f.object, fact)
		}
	}
	for _, v := range u.changing() {
		u.pass.ExportObjectFact(v, new(variableFact))
	}
	all := u.ownEarly(len(found) > 0)
	for _, imported := range u.pass.Pkg.Imports() {
		all = append(all, u.importedEarly(imported)...)
	}
	u.pass.ExportPackageFact(&packageFact{Module: moduleOf(u.pass), Early: distinct(all)})
}

// ownEarly lists what this package does before main.
func (u *unit) ownEarly(reported bool) []early {
	var all []early
	for _, f := range u.order {
		if f.early == "" || f.test {
			continue
		}
		for _, e := range f.list() {
			if e.Kind.category().crosses() {
				all = append(all, early{u.pass.Pkg.Path(), f.early, e, reported})
			}
		}
	}
	return all
}

// importedEarly lists what an imported package of the same module, and those it
// imports, do before main.
func (u *unit) importedEarly(p *types.Package) []early {
	var fact packageFact
	if !u.pass.ImportPackageFact(p, &fact) || fact.Module != moduleOf(u.pass) {
		return nil
	}
	return fact.Early
}

func distinct(all []early) []early {
	seen := make(map[string]bool)
	var kept []early
	for _, e := range all {
		if !seen[e.key()] {
			seen[e.key()] = true
			kept = append(kept, e)
		}
	}
	return kept
}
