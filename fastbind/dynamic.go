package fastbind

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// deepest bounds how many variables are followed to find a function's value.
const deepest = 5

// runs adds what calling a function value does.
func (u *unit) runs(f *function, value ast.Expr, pos token.Pos, detached bool) {
	u.runsDeep(f, value, pos, detached, deepest)
}

func (u *unit) runsDeep(f *function, value ast.Expr, pos token.Pos, detached bool, depth int) {
	value = u.unwrap(value)
	if lit, ok := value.(*ast.FuncLit); ok {
		u.addSite(f, site{pos: pos, lit: lit, async: detached})
		return
	}
	if fn := u.named(value); fn != nil {
		u.runsNamed(f, value, fn, pos, detached)
		return
	}
	v := u.variable(value)
	switch {
	case u.isNil(value):
	case v == nil || depth == 0:
		u.unseenValue(f, value, pos)
	case ofPackage(v):
		u.runsPackageVar(f, v, pos, detached, depth)
	default:
		u.runsLocal(f, v, pos, detached, depth)
	}
}

// runsNamed handles a function or method that is used as a value.
func (u *unit) runsNamed(f *function, e ast.Expr, fn *types.Func, pos token.Pos, detached bool) {
	if recv := fn.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		u.callInterface(f, e, fn, pos, detached)
		return
	}
	k, known := u.known.function(fn)
	switch {
	case !known:
		u.addSite(f, site{pos: pos, fn: fn, async: detached})
	case k.isEffect():
		u.addSite(f, site{pos: pos, direct: u.effectOf(k, labelOf(fn, u.pass.Pkg), pos), async: detached})
	}
}

// runsLocal handles a variable of a function: everything it was ever given may
// run. What a parameter is given by callers is charged to them: see handOver.
func (u *unit) runsLocal(f *function, v *types.Var, pos token.Pos, detached bool, depth int) {
	values := u.assigned[v]
	_, isParameter := u.params[v]
	if slices.Contains(values, nil) || len(values) == 0 && !isParameter {
		u.unseenType(f, v.Type(), v.Name(), pos)
		return
	}
	for _, value := range values {
		u.runsDeep(f, value, pos, detached, depth-1)
	}
}

// unseenValue handles a function that came from nowhere the analyzer can look.
func (u *unit) unseenValue(f *function, value ast.Expr, pos token.Pos) {
	u.unseenType(f, u.pass.TypesInfo.TypeOf(value), types.ExprString(value), pos)
}

// unseenType is unseenValue for a type, which may say enough: context.CancelFunc.
func (u *unit) unseenType(f *function, t types.Type, what string, pos token.Pos) {
	if named := namedOf(t); named != nil && named.Obj().Pkg() != nil {
		if k, known := u.known.lookup(named.Obj().Pkg().Path(), named.Obj().Name()); known && k == pure {
			return
		}
	}
	u.does(f, pos, unseen, "function value "+what)
}

// runsPackageVar handles a package variable that holds a function. One that changes
// is reported as state, which says enough.
func (u *unit) runsPackageVar(f *function, v *types.Var, pos token.Pos, detached bool, depth int) {
	if u.isState(v) {
		return
	}
	value, ok := u.initial[v]
	if !ok {
		u.does(f, pos, unseen, "function value "+v.Name())
		return
	}
	if call, ok := ast.Unparen(value).(*ast.CallExpr); ok && u.onlyKeeps(call) {
		u.runsDeep(f, call.Args[0], pos, detached, depth-1)
		return
	}
	if lit, ok := ast.Unparen(value).(*ast.FuncLit); ok {
		u.addSite(f, site{pos: pos, lit: lit, label: v.Name(), async: detached})
		return
	}
	u.runsDeep(f, value, pos, detached, depth-1)
}

// onlyKeeps recognises sync.OnceFunc and its like: what they return runs what
// they were given.
func (u *unit) onlyKeeps(call *ast.CallExpr) bool {
	fn := typeutil.StaticCallee(u.pass.TypesInfo, call)
	if fn == nil || len(call.Args) != 1 || fn.Pkg() == nil || fn.Pkg().Path() != "sync" {
		return false
	}
	k, _ := u.known.function(fn)
	return k == kept
}

// named returns the function that an expression names, nil if none.
func (u *unit) named(e ast.Expr) *types.Func {
	id, ok := e.(*ast.Ident)
	if sel, isSel := e.(*ast.SelectorExpr); isSel {
		id, ok = sel.Sel, true
	}
	if !ok {
		return nil
	}
	fn, _ := u.pass.TypesInfo.Uses[id].(*types.Func)
	if fn == nil {
		return nil
	}
	return fn.Origin()
}

// unwrap removes parentheses, conversions, and the type arguments of a function.
func (u *unit) unwrap(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	switch x := e.(type) {
	case *ast.CallExpr:
		if u.pass.TypesInfo.Types[x.Fun].IsType() && len(x.Args) == 1 {
			return u.unwrap(x.Args[0])
		}
	case *ast.IndexExpr:
		if u.named(x.X) != nil {
			return x.X
		}
	case *ast.IndexListExpr:
		return x.X
	}
	return e
}

func (u *unit) isNil(e ast.Expr) bool { return u.pass.TypesInfo.Types[e].IsNil() }
