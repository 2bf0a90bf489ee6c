package fastbind

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"
)

// A contract is a place where the package declares or runs a backend.
type contract struct {
	pos  token.Pos
	name string
	bind *types.Func // nil if somebody else reports it
}

// contracts finds the package's backends: types with both methods of the
// contract, and type arguments of Bootstrap and Main. Those in test files are left
// alone: tests break the contract on purpose.
func (u *unit) contracts() []contract {
	backend := u.backend()
	if backend == nil {
		return nil
	}
	var all []contract
	seen := make(map[*types.Func]bool)
	add := func(c contract) {
		if u.inTest(c.pos) || c.bind != nil && seen[c.bind] {
			return
		}
		seen[c.bind] = true
		all = append(all, c)
	}
	for c := range u.root.Preorder((*ast.TypeSpec)(nil), (*ast.Ident)(nil)) {
		u.contractAt(c, backend, add)
	}
	return all
}

// backend returns the package that declares the contract: this one, or one
// it imports; nil if it knows nothing of it.
func (u *unit) backend() *types.Package {
	if u.pass.Pkg.Path() == backendPath {
		return u.pass.Pkg
	}
	for _, p := range u.pass.Pkg.Imports() {
		if p.Path() == backendPath {
			return p
		}
	}
	return nil
}

func (u *unit) contractAt(c inspector.Cursor, backend *types.Package, add func(contract)) {
	switch n := c.Node().(type) {
	case *ast.TypeSpec:
		named, ok := u.pass.TypesInfo.Defs[n.Name].(*types.TypeName)
		if !ok || named.IsAlias() || types.IsInterface(named.Type()) {
			return
		}
		if bind := bindOf(named.Type(), backend); bind != nil && hasServe(named.Type()) {
			add(contract{n.Name.Pos(), named.Name(), bind})
		}
	case *ast.Ident:
		instance, ok := u.pass.TypesInfo.Instances[n]
		if ok && startsBackend(u.pass.TypesInfo.Uses[n], backend) && instance.TypeArgs.Len() > 0 {
			u.started(n, instance.TypeArgs.At(0), backend, add)
		}
	}
}

// startsBackend says whether an object is Bootstrap or Main.
func startsBackend(o types.Object, backend *types.Package) bool {
	fn, ok := o.(*types.Func)
	return ok && fn.Pkg() == backend && (fn.Name() == "Bootstrap" || fn.Name() == "Main")
}

// started handles a type argument of Bootstrap or Main. A backend of the same
// module is reported in its own package; one of another module has no other
// chance to be.
func (u *unit) started(at *ast.Ident, arg types.Type, backend *types.Package, add func(contract)) {
	named := namedOf(arg)
	if named == nil {
		return // a type parameter: a helper around Main
	}
	bind := bindOf(named, backend)
	if bind == nil {
		return // does not compile
	}
	declared := named.Obj().Pkg()
	if declared != u.pass.Pkg && u.sameModule(declared) {
		bind = nil
	}
	add(contract{at.Pos(), named.Obj().Name(), bind})
}

// bindOf returns the method Bind(backend.Endpoint) (net.Listener, error) of a type, nil
// if it has none.
func bindOf(t types.Type, backend *types.Package) *types.Func {
	fn := method(t, "Bind")
	if fn == nil || !signatureIs(fn, []string{backend.Path() + ".Endpoint"}, []string{"net.Listener", "error"}) {
		return nil
	}
	return fn.Origin()
}

// hasServe says whether a type has Serve(context.Context, net.Listener) error.
func hasServe(t types.Type) bool {
	fn := method(t, "Serve")
	return fn != nil && signatureIs(fn, []string{"context.Context", "net.Listener"}, []string{"error"})
}

func method(t types.Type, name string) *types.Func {
	o, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	fn, _ := o.(*types.Func)
	return fn
}

// signatureIs compares by name, as types.TypeString has it, so that no package need be
// found first.
func signatureIs(fn *types.Func, params, results []string) bool {
	return tupleIs(fn.Signature().Params(), params) && tupleIs(fn.Signature().Results(), results)
}

func tupleIs(tuple *types.Tuple, names []string) bool {
	if tuple.Len() != len(names) {
		return false
	}
	for i, name := range names {
		if types.TypeString(types.Unalias(tuple.At(i).Type()), nil) != name {
			return false
		}
	}
	return true
}
