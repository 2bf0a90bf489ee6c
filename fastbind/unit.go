package fastbind

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// A unit is the analysis of one package.
type unit struct {
	pass  *analysis.Pass
	known knowledge
	root  inspector.Cursor

	order    []*function                   // as in the source
	nodes    map[ast.Node]*function        // by FuncDecl, FuncLit, or ValueSpec of the package
	objects  map[*types.Func]*function     // those with a name
	params   map[*types.Var]parameter      // parameters of declared functions and of literals
	assigned map[*types.Var][]ast.Expr     // what variables of functions are given; nil: something unknown
	initial  map[*types.Var]ast.Expr       // what package variables are initialised with, one value each
	changes  map[*types.Var]bool           // package variables that change, of this package or another
	writes   map[*ast.Ident]bool           // the uses that say so
	allowed  map[string]map[int]bool       // lines of each file that a directive covers
	facts    map[*types.Func]*functionFact // those imported, nil for none
}

// A function is what is known of a declared function, a function literal, or the
// initialiser of a package variable.
type function struct {
	object  *types.Func // nil unless declared
	label   string      // how a caller's chain names it; empty for a literal
	early   string      // "init" or "package variable x" if it runs before main
	test    bool        // declared in a test file
	sites   []site
	invokes uint64
	effects [categories]*effect
}

// A site is a place in a function that does something: by itself (direct), or by
// calling fn or running lit.
type site struct {
	pos    token.Pos
	direct *effect
	fn     *types.Func
	lit    *ast.FuncLit
	label  string // of the variable that holds lit, if lit is not part of the function
	async  bool   // on another goroutine: nobody waits for it
}

// A parameter is the position of a parameter in its function.
type parameter struct {
	function *function
	index    int
}

func newUnit(pass *analysis.Pass, known knowledge, root inspector.Cursor) *unit {
	return &unit{
		pass: pass, known: known, root: root,
		nodes:    make(map[ast.Node]*function),
		objects:  make(map[*types.Func]*function),
		params:   make(map[*types.Var]parameter),
		assigned: make(map[*types.Var][]ast.Expr),
		initial:  make(map[*types.Var]ast.Expr),
		changes:  make(map[*types.Var]bool),
		writes:   make(map[*ast.Ident]bool),
		allowed:  directives(pass),
		facts:    make(map[*types.Func]*functionFact),
	}
}

// declare finds the functions of the package and what its variables are given.
func (u *unit) declare() {
	filter := []ast.Node{(*ast.FuncDecl)(nil), (*ast.FuncLit)(nil), (*ast.ValueSpec)(nil), (*ast.AssignStmt)(nil), (*ast.RangeStmt)(nil)}
	for c := range u.root.Preorder(filter...) {
		switch n := c.Node().(type) {
		case *ast.FuncDecl:
			u.declareFunc(n)
		case *ast.FuncLit:
			u.declareLit(n)
		case *ast.ValueSpec:
			u.declareVars(c, n)
		case *ast.AssignStmt:
			u.assign(n.Lhs, n.Rhs)
		case *ast.RangeStmt:
			u.assign([]ast.Expr{n.Key, n.Value}, []ast.Expr{nil, n.X})
		}
	}
}

func (u *unit) add(n ast.Node, f *function) {
	f.test = u.inTest(n.Pos())
	u.nodes[n] = f
	u.order = append(u.order, f)
}

func (u *unit) declareFunc(n *ast.FuncDecl) {
	fn, ok := u.pass.TypesInfo.Defs[n.Name].(*types.Func)
	if !ok {
		return
	}
	f := &function{object: fn, label: memberName(fn)}
	if fn.Name() == "init" && n.Recv == nil {
		f.object, f.early = nil, "init"
	}
	u.add(n, f)
	u.objects[fn] = f
	u.declareParams(f, fn.Signature())
}

func (u *unit) declareLit(n *ast.FuncLit) {
	f := &function{}
	u.add(n, f)
	if s, ok := u.pass.TypesInfo.TypeOf(n).(*types.Signature); ok {
		u.declareParams(f, s)
	}
}

func (u *unit) declareParams(f *function, s *types.Signature) {
	for i := range s.Params().Len() {
		u.params[s.Params().At(i)] = parameter{f, i}
	}
}

// declareVars records a var declaration: of the package, it is a function that
// runs before main; of a function, an assignment. A const declaration is neither.
func (u *unit) declareVars(c inspector.Cursor, n *ast.ValueSpec) {
	if _, ok := u.pass.TypesInfo.Defs[n.Names[0]].(*types.Var); !ok {
		return
	}
	if _, ok := c.Parent().Parent().Node().(*ast.File); !ok {
		if len(n.Values) > 0 {
			u.assign(identifiers(n.Names), n.Values)
		}
		return
	}
	var names []string
	for i, name := range n.Names {
		names = append(names, name.Name)
		if v, ok := u.pass.TypesInfo.Defs[name].(*types.Var); ok && len(n.Values) == len(n.Names) {
			u.initial[v] = n.Values[i]
		}
	}
	u.add(n, &function{early: "package variable " + strings.Join(names, ", ")})
}

func identifiers(names []*ast.Ident) []ast.Expr {
	all := make([]ast.Expr, len(names))
	for i, n := range names {
		all[i] = n
	}
	return all
}

// assign records what variables of functions may hold. What a loop takes from a
// slice is taken to be the slice: options, whose callers are charged with them.
func (u *unit) assign(lhs, rhs []ast.Expr) {
	for i, l := range lhs {
		v := u.variable(l)
		if v == nil || ofPackage(v) {
			continue
		}
		var value ast.Expr
		if len(lhs) == len(rhs) {
			value = rhs[i]
		}
		u.assigned[v] = append(u.assigned[v], value)
	}
}

// variable returns the variable that an expression names, nil if it is
// anything else.
func (u *unit) variable(e ast.Expr) *types.Var {
	if e == nil {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, _ := u.pass.TypesInfo.ObjectOf(e).(*types.Var)
		return v
	case *ast.SelectorExpr:
		if _, field := u.pass.TypesInfo.Selections[e]; !field {
			v, _ := u.pass.TypesInfo.Uses[e.Sel].(*types.Var)
			return v
		}
	}
	return nil
}

// ofPackage says whether v is a package variable.
func ofPackage(v *types.Var) bool {
	return v.Pkg() != nil && !v.IsField() && v.Parent() == v.Pkg().Scope()
}

// owner returns the function that the node at c belongs to, nil if it belongs
// to none.
func (u *unit) owner(c inspector.Cursor) *function {
	for e := range c.Parent().Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil), (*ast.ValueSpec)(nil)) {
		if f := u.nodes[e.Node()]; f != nil {
			return f
		}
	}
	return nil
}

func (u *unit) inTest(pos token.Pos) bool {
	return strings.HasSuffix(u.pass.Fset.Position(pos).Filename, "_test.go")
}
