package fastbind

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path/filepath"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// summarise finds the sites of every function.
func (u *unit) summarise() {
	u.findInvoked()
	filter := []ast.Node{
		(*ast.CallExpr)(nil), (*ast.SendStmt)(nil), (*ast.UnaryExpr)(nil),
		(*ast.SelectStmt)(nil), (*ast.RangeStmt)(nil), (*ast.Ident)(nil),
	}
	for c := range u.root.Preorder(filter...) {
		if f := u.owner(c); f != nil {
			u.visit(f, c)
		}
	}
}

func (u *unit) visit(f *function, c inspector.Cursor) {
	switch n := c.Node().(type) {
	case *ast.CallExpr:
		u.call(f, c, n)
	case *ast.SendStmt:
		if !inSelect(c) && !u.roomy(n.Chan) {
			u.does(f, n.Arrow, wait, "send to a channel")
		}
	case *ast.UnaryExpr:
		if n.Op == token.ARROW && !inSelect(c) {
			u.does(f, n.OpPos, wait, "receive from a channel")
		}
	case *ast.SelectStmt:
		if !hasDefault(n) {
			u.does(f, n.Select, wait, "select without default")
		}
	case *ast.RangeStmt:
		u.ranges(f, n)
	case *ast.Ident:
		u.use(f, n)
	}
}

// does adds an effect of the function's own, unless a directive allows it.
func (u *unit) does(f *function, pos token.Pos, k kind, what string) {
	u.addSite(f, site{pos: pos, direct: &effect{Kind: k, Chain: []string{what}, Where: u.where(pos)}})
}

func (u *unit) addSite(f *function, s site) {
	if !u.allows(s.pos) {
		f.sites = append(f.sites, s)
	}
}

func (u *unit) where(pos token.Pos) string {
	at := u.pass.Fset.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)
}

// ranges handles loops that wait (over a channel) or call (over a function).
func (u *unit) ranges(f *function, n *ast.RangeStmt) {
	t := u.pass.TypesInfo.TypeOf(n.X)
	if t == nil {
		return
	}
	switch t.Underlying().(type) {
	case *types.Chan:
		u.does(f, n.Range, wait, "range over a channel")
	case *types.Signature:
		// An iterator made by a call is at work in that call's package; its
		// literal is not followed.
		if _, made := ast.Unparen(n.X).(*ast.CallExpr); !made {
			u.runs(f, n.X, n.Range, false)
		}
	}
}

// use handles the mention of a package variable.
func (u *unit) use(f *function, id *ast.Ident) {
	v, ok := u.pass.TypesInfo.Uses[id].(*types.Var)
	if !ok || !ofPackage(v) || !u.isState(v) {
		return
	}
	verb := "reads "
	if u.writes[id] {
		verb = "writes "
	}
	name := v.Name()
	if v.Pkg() != u.pass.Pkg {
		name = v.Pkg().Name() + "." + name
	}
	u.does(f, id.Pos(), state, verb+name)
}

// inSelect says whether a channel operation is a case of a select, which is judged as
// a whole.
func inSelect(c inspector.Cursor) bool {
	for {
		switch k := c.ParentEdgeKind(); k {
		case edge.CommClause_Comm:
			return true
		case edge.ExprStmt_X, edge.AssignStmt_Rhs, edge.ParenExpr_X:
			c = c.Parent()
		default:
			return false
		}
	}
}

func hasDefault(n *ast.SelectStmt) bool {
	for _, s := range n.Body.List {
		if clause, ok := s.(*ast.CommClause); ok && clause.Comm == nil {
			return true
		}
	}
	return false
}

// roomy says whether a channel is a variable of the function that only ever
// held a channel made with room: a send to it is taken not to wait.
func (u *unit) roomy(ch ast.Expr) bool {
	v := u.variable(ch)
	if v == nil || len(u.assigned[v]) != 1 {
		return false
	}
	made, ok := u.assigned[v][0].(*ast.CallExpr)
	if !ok || len(made.Args) != 2 || !u.isBuiltin(made, "make") {
		return false
	}
	size := u.pass.TypesInfo.Types[made.Args[1]].Value
	return size != nil && constant.Sign(size) > 0
}
