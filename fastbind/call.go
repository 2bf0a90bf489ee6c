package fastbind

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// call handles a call: what it calls, and the functions that it hands over.
func (u *unit) call(f *function, c inspector.Cursor, call *ast.CallExpr) {
	if u.pass.TypesInfo.Types[call.Fun].IsType() {
		return // a conversion
	}
	detached := c.ParentEdgeKind() == edge.GoStmt_Call
	pos := namePos(call.Fun)
	switch callee := typeutil.Callee(u.pass.TypesInfo, call).(type) {
	case *types.Builtin:
	case *types.Func:
		u.callFunc(f, call, callee.Origin(), pos, detached)
	default:
		u.runs(f, call.Fun, pos, detached)
		u.handOver(f, call, detached, func(int) bool { return true })
	}
}

// callFunc handles the call of a named function or method.
func (u *unit) callFunc(f *function, call *ast.CallExpr, callee *types.Func, pos token.Pos, detached bool) {
	if recv := callee.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		u.callInterface(f, call.Fun, callee, pos, detached)
		u.handOver(f, call, detached, func(int) bool { return true })
		return
	}
	k, known := u.known.function(callee)
	switch {
	case known && k == args:
		u.callWithArgs(f, call, callee, pos)
	case known && k.isEffect():
		u.addSite(f, site{pos: pos, direct: u.effectOf(k, labelOf(callee, u.pass.Pkg), pos), async: detached})
	case strings.HasPrefix(callee.Name(), "_Cfunc_"), strings.HasPrefix(callee.Name(), "_C2func_"):
		u.does(f, pos, unseen, "a C function")
	case !known:
		u.addSite(f, site{pos: pos, fn: callee, async: detached})
	}
	if k != kept {
		u.handOver(f, call, detached || k == async, func(i int) bool { return u.invokes(callee, i) })
	}
}

func (u *unit) effectOf(k kind, what string, pos token.Pos) *effect {
	return &effect{Kind: k, Chain: []string{what}, Where: u.where(pos)}
}

// handOver adds what a callee does with the functions it is given, for those
// of its parameters that it invokes.
func (u *unit) handOver(f *function, call *ast.CallExpr, detached bool, invokes func(int) bool) {
	for i, arg := range call.Args {
		t := u.pass.TypesInfo.TypeOf(arg)
		if t == nil {
			continue
		}
		if _, ok := t.Underlying().(*types.Signature); ok && invokes(i) {
			u.runs(f, arg, namePos(arg), detached)
		}
	}
}

// callInterface handles a call through an interface: the table may know the
// interface, or the method's name speaks for itself. Otherwise nobody knows.
func (u *unit) callInterface(f *function, fun ast.Expr, method *types.Func, pos token.Pos, detached bool) {
	named := u.interfaceOf(fun, method)
	label := method.Name()
	k, known := pure, false
	if named != nil {
		label = named.Obj().Name() + "." + label
		if p := named.Obj().Pkg(); p != nil {
			k, known = u.known.lookup(p.Path(), label)
			if p != u.pass.Pkg {
				label = p.Name() + "." + label
			}
		}
	}
	if !known {
		k, known = u.known.lookup("*", method.Name())
	}
	switch {
	case !known, k == unseen:
		u.addSite(f, site{pos: pos, direct: u.effectOf(unseen, label+" (an interface method)", pos), async: detached})
	case k != pure:
		u.addSite(f, site{pos: pos, direct: u.effectOf(k, label, pos), async: detached})
	}
}

// interfaceOf returns the interface that the author wrote, which says more than
// the one that declares the method: hash.Hash rather than io.Writer.
func (u *unit) interfaceOf(fun ast.Expr, method *types.Func) *types.Named {
	if sel, ok := ast.Unparen(fun).(*ast.SelectorExpr); ok {
		if t := u.pass.TypesInfo.TypeOf(sel.X); t != nil && types.IsInterface(t) {
			if named := namedOf(t); named != nil {
				return named
			}
		}
	}
	return namedOf(method.Signature().Recv().Type())
}

// callWithArgs handles functions that read or write their arguments, such as
// fmt.Fprintf: it depends on what those are.
func (u *unit) callWithArgs(f *function, call *ast.CallExpr, callee *types.Func, pos token.Pos) {
	label := labelOf(callee, u.pass.Pkg)
	for _, arg := range call.Args {
		switch k := u.stream(arg); k {
		case pure:
		case unseen:
			u.does(f, pos, unseen, label+" (to or from an interface)")
			return
		default:
			u.does(f, pos, k, label)
			return
		}
	}
}

// stream says what reading or writing an argument means.
func (u *unit) stream(arg ast.Expr) kind {
	t := u.pass.TypesInfo.TypeOf(arg)
	named := namedOf(t)
	if named == nil || named.Obj().Pkg() == nil {
		return pure
	}
	if v := u.variable(arg); v != nil && v.Pkg() != nil && v.Pkg().Path() == "io" {
		return pure // io.Discard
	}
	for _, method := range []string{"Read", "Write"} {
		name := named.Obj().Name() + "." + method
		if k, ok := u.known.lookup(named.Obj().Pkg().Path(), name); ok && k != pure {
			return k
		}
	}
	return pure
}

// namePos is where a reader looks for a call: at the last name of what is called.
func namePos(fun ast.Expr) token.Pos {
	switch e := ast.Unparen(fun).(type) {
	case *ast.SelectorExpr:
		return e.Sel.Pos()
	case *ast.IndexExpr:
		return namePos(e.X)
	case *ast.IndexListExpr:
		return namePos(e.X)
	}
	return fun.Pos()
}

func (u *unit) isBuiltin(call *ast.CallExpr, name string) bool {
	b, ok := typeutil.Callee(u.pass.TypesInfo, call).(*types.Builtin)
	return ok && b.Name() == name
}
