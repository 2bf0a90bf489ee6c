package fastbind

import (
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// backendPath is the package that declares the contract.
const backendPath = "github.com/daemonry/daemonry/backend"

const documentation = `report daemons whose endpoint would wait for their state

A backend's Bind must take microseconds: no file, network, database or process
use, no waiting, no lock, no package variable that changes; and nothing of the
kind may happen before it, in init functions or initialisers of package
variables. A comment "//fastbind:allow REASON" allows one finding.`

// Analyzer reports types that satisfy backend.Contract and do not keep it. It is
// a variable because that is what drivers of go/analysis expect; nothing changes it.
var Analyzer = &analysis.Analyzer{
	Name:      "fastbind",
	Doc:       documentation,
	URL:       "https://github.com/daemonry/daemonry/blob/main/docs/FASTBIND.md",
	Run:       run,
	FactTypes: []analysis.Fact{new(functionFact), new(variableFact), new(packageFact)},
}

// run analyses one package: first its facts, then, if it has a backend, its
// findings.
func run(pass *analysis.Pass) (any, error) {
	if inTable(pass) {
		return nil, nil
	}
	known, err := parseKnowledge(knownText)
	if err != nil {
		return nil, err
	}
	u := newUnit(pass, known, inspector.New(pass.Files).Root())
	u.declare()
	u.classifyVariables()
	u.summarise()
	u.propagate()
	found := u.contracts()
	u.exportFacts(found)
	u.report(found)
	return nil, nil
}

// inTable says whether the package under analysis is one that known.txt speaks for:
// analysing it would cost time and find the insides of os.
func inTable(pass *analysis.Pass) bool {
	path := pass.Pkg.Path()
	if path == "golang.org/x/sys" || strings.HasPrefix(path, "golang.org/x/sys/") {
		return true
	}
	module := moduleOf(pass)
	if module != "" {
		return module == "std" || module == "cmd"
	}
	first, _, _ := strings.Cut(path, "/")
	return standardTops[first]
}

// standardTops are the first path elements of the standard library's packages. Drivers
// name a module for every package but these, so that a module called "log" is
// not mistaken for one. Without modules (GOPATH) the name alone decides.
var standardTops = setOf(`archive arena bufio builtin bytes cmd cmp compress container context crypto database debug
	embed encoding errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path
	plugin reflect regexp runtime simd slices sort strconv strings structs sync syscall testing text time unicode
	unique unsafe vendor weak`)

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// moduleOf returns the path of the module of the package under analysis, empty
// if the driver does not say.
func moduleOf(pass *analysis.Pass) string {
	if pass.Module == nil {
		return ""
	}
	return pass.Module.Path
}
