package fastbind

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"
)

// lastBit is the bit of a functionFact for the parameters from that index on.
const lastBit = 63

func bit(i int) uint64 { return 1 << min(i, lastBit) }

// A pass-on is a parameter handed to a function that may call it.
type passOn struct {
	from   parameter
	callee *types.Func
	index  int
}

// findInvoked finds which parameters functions call, or hand to somebody who
// does. It matters for functions given as arguments: one that is only kept, as a
// command's handler is, does not run there.
func (u *unit) findInvoked() {
	var passed []passOn
	for c := range u.root.Preorder((*ast.CallExpr)(nil), (*ast.RangeStmt)(nil)) {
		switch n := c.Node().(type) {
		case *ast.RangeStmt:
			u.markInvoked(n.X)
		case *ast.CallExpr:
			u.markInvoked(n.Fun)
			passed = append(passed, u.passes(n)...)
		}
	}
	for again := true; again; {
		again = false
		for _, p := range passed {
			f, b := p.from.function, bit(p.from.index)
			if f.invokes&b == 0 && u.invokes(p.callee, p.index) {
				f.invokes |= b
				again = true
			}
		}
	}
}

// markInvoked notes that an expression, if it is a parameter or holds one, is called.
func (u *unit) markInvoked(e ast.Expr) {
	v := u.variable(e)
	if v == nil || !isFunc(u.pass.TypesInfo.TypeOf(e)) {
		return
	}
	for _, e := range append([]ast.Expr{e}, u.assigned[v]...) {
		if p, ok := u.params[u.variable(e)]; ok {
			p.function.invokes |= bit(p.index)
		}
	}
}

// passes returns the parameters that a call hands on; those given to a function
// nobody can see are taken to be called.
func (u *unit) passes(call *ast.CallExpr) []passOn {
	if u.pass.TypesInfo.Types[call.Fun].IsType() {
		return nil
	}
	var all []passOn
	for i, arg := range call.Args {
		p, ok := u.params[u.variable(arg)]
		if !ok || !isFunc(u.pass.TypesInfo.TypeOf(arg)) {
			continue
		}
		switch callee := typeutil.Callee(u.pass.TypesInfo, call).(type) {
		case *types.Builtin:
		case *types.Func:
			all = append(all, passOn{p, callee.Origin(), i})
		default:
			u.markInvoked(arg)
		}
	}
	return all
}

func isFunc(t types.Type) bool {
	if t == nil {
		return false
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// invokes says whether a function calls its i-th argument.
func (u *unit) invokes(fn *types.Func, i int) bool {
	if params := fn.Signature().Params(); fn.Signature().Variadic() {
		i = min(i, params.Len()-1)
	}
	if f := u.objects[fn]; f != nil {
		return f.invokes&bit(i) != 0
	}
	if k, known := u.known.function(fn); known {
		return k != kept
	}
	if !u.analysed(fn.Pkg()) {
		return true // of the standard library: slices.SortFunc
	}
	fact := u.fact(fn)
	return fact != nil && fact.Invokes&bit(i) != 0
}

// analysed says whether facts were exported for a package.
func (u *unit) analysed(p *types.Package) bool {
	return p != nil && (p == u.pass.Pkg || u.pass.ImportPackageFact(p, new(packageFact)))
}

// fact returns the imported fact of a function, nil if there is none.
func (u *unit) fact(fn *types.Func) *functionFact {
	if fact, ok := u.facts[fn]; ok {
		return fact
	}
	fact := new(functionFact)
	if fn.Pkg() == nil || fn.Pkg() == u.pass.Pkg || !u.pass.ImportObjectFact(fn, fact) {
		fact = nil
	}
	u.facts[fn] = fact
	return fact
}
