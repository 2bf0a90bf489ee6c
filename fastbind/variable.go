package fastbind

import (
	"go/ast"
	"go/token"
	"go/types"
	"sort"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// classifyVariables finds the package variables that change: assigned, their
// address taken, or holding something that others may change through them. Tests
// may replace a variable; that does not count.
//
// What is left is as good as a constant, and Bind may read it: an error, a
// number, a string, a table that is only looked up, a function.
func (u *unit) classifyVariables() {
	for c := range u.root.Preorder((*ast.Ident)(nil)) {
		id := c.Node().(*ast.Ident)
		v, ok := u.pass.TypesInfo.Uses[id].(*types.Var)
		if !ok || !ofPackage(v) || u.inTest(id.Pos()) {
			continue
		}
		whole := u.path(c)
		if u.isWrite(whole) {
			u.writes[id] = true
			u.changes[v] = true
		} else if v.Pkg() == u.pass.Pkg && u.lendsOut(whole, v) {
			u.changes[v] = true
		}
	}
}

// path climbs from a variable to the whole of what is selected from it:
// table in table[i].name.
func (u *unit) path(c inspector.Cursor) inspector.Cursor {
	for {
		switch c.ParentEdgeKind() {
		case edge.SelectorExpr_Sel, edge.IndexExpr_X, edge.StarExpr_X, edge.ParenExpr_X:
		case edge.SelectorExpr_X:
			sel := c.Parent().Node().(*ast.SelectorExpr)
			if s := u.pass.TypesInfo.Selections[sel]; s == nil || s.Kind() != types.FieldVal {
				return c
			}
		default:
			return c
		}
		c = c.Parent()
	}
}

// isWrite says whether a path is written to, or could be through its address.
func (u *unit) isWrite(c inspector.Cursor) bool {
	switch c.ParentEdgeKind() {
	case edge.AssignStmt_Lhs, edge.IncDecStmt_X:
		return true
	case edge.UnaryExpr_X:
		return c.Parent().Node().(*ast.UnaryExpr).Op == token.AND
	case edge.RangeStmt_Key, edge.RangeStmt_Value:
		return c.Parent().Node().(*ast.RangeStmt).Tok == token.ASSIGN
	case edge.SliceExpr_X:
		_, array := u.typeAt(c).Underlying().(*types.Array)
		return array
	case edge.CallExpr_Args:
		call := c.Parent().Node().(*ast.CallExpr)
		return u.isBuiltin(call, "delete") || u.isBuiltin(call, "clear") || u.isBuiltin(call, "close")
	case edge.SelectorExpr_X:
		return u.takesAddress(c)
	}
	return false
}

func (u *unit) typeAt(c inspector.Cursor) types.Type {
	if t := u.pass.TypesInfo.TypeOf(c.Node().(ast.Expr)); t != nil {
		return t
	}
	return types.Typ[types.Invalid]
}

// takesAddress says whether c is the receiver of a method that can change it: x in
// x.Lock().
func (u *unit) takesAddress(c inspector.Cursor) bool {
	sel := u.pass.TypesInfo.Selections[c.Parent().Node().(*ast.SelectorExpr)]
	if sel == nil || sel.Kind() != types.MethodVal {
		return false
	}
	fn, ok := sel.Obj().(*types.Func)
	if !ok || isReference(sel.Recv()) {
		return false
	}
	_, byPointer := types.Unalias(fn.Signature().Recv().Type()).(*types.Pointer)
	return byPointer && !unchanging(sel.Recv())
}

func isReference(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Interface:
		return true
	}
	return false
}

// lendsOut says whether reading a path hands out something that can be changed
// elsewhere. Reading a length, comparing, and ranging over plain values do not.
func (u *unit) lendsOut(c inspector.Cursor, v *types.Var) bool {
	t := u.typeAt(c)
	if plain(t) || u.initialisedPlain(v) {
		return false
	}
	switch c.ParentEdgeKind() {
	case edge.BinaryExpr_X, edge.BinaryExpr_Y:
		return false
	case edge.RangeStmt_X:
		return !plainElements(t)
	case edge.CallExpr_Args:
		call := c.Parent().Node().(*ast.CallExpr)
		return !u.onlyLooks(call) || !plainElements(t)
	}
	return true
}

// initialisedPlain sees through an interface to the value it was given:
// var order binary.ByteOrder = binary.LittleEndian.
func (u *unit) initialisedPlain(v *types.Var) bool {
	value := u.initial[v]
	return value != nil && types.IsInterface(v.Type()) && plain(u.pass.TypesInfo.TypeOf(value))
}

// onlyLooks says whether a call reads its arguments and keeps none of them.
func (u *unit) onlyLooks(call *ast.CallExpr) bool {
	switch fn := typeutil.Callee(u.pass.TypesInfo, call).(type) {
	case *types.Builtin:
		return fn.Name() == "len" || fn.Name() == "cap"
	case *types.Func:
		if fn.Pkg() == nil {
			return false
		}
		switch fn.Pkg().Path() {
		case "strings", "bytes", "fmt", "errors", "unicode":
			return true
		case "slices", "maps":
			return lookers[fn.Name()]
		}
	}
	return false
}

var lookers = setOf(`BinarySearch BinarySearchFunc Clone Collect Compare Concat Contains ContainsFunc Copy Equal EqualFunc
	Index IndexFunc IsSorted Keys Max MaxFunc Min MinFunc Sorted Values`)

// plain says whether a copy of a value shares nothing that can be changed with the
// original.
func plain(t types.Type) bool {
	if t == nil || unchanging(t) {
		return true
	}
	switch t := t.Underlying().(type) {
	case *types.Basic, *types.Signature:
		return true
	case *types.Array:
		return plain(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if !plain(f.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

func plainElements(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Slice:
		return plain(t.Elem())
	case *types.Map:
		return plain(t.Key()) && plain(t.Elem())
	}
	return plain(t)
}

// unchanging recognises types whose values do not change once made, whatever they
// consist of: errors, by convention, and a few of the standard library.
func unchanging(t types.Type) bool {
	if types.Identical(t, types.Universe.Lookup("error").Type()) {
		return true
	}
	named := namedOf(t)
	if named == nil || named.Obj().Pkg() == nil {
		return false
	}
	return unchangingTypes[named.Obj().Pkg().Path()+"."+named.Obj().Name()]
}

var unchangingTypes = setOf(`regexp.Regexp time.Location time.Time strings.Replacer embed.FS encoding/base64.Encoding
	encoding/base32.Encoding unicode.RangeTable reflect.Type reflect.rtype net/netip.Addr net/netip.Prefix`)

// isState says whether a package variable changes.
func (u *unit) isState(v *types.Var) bool {
	if u.changes[v] {
		return true
	}
	if v.Pkg() == u.pass.Pkg {
		return false
	}
	if k, _ := u.known.lookup(v.Pkg().Path(), v.Name()); k == state {
		return true
	}
	// Other modules' variables are not the backend's state, unless it
	// changes them itself.
	return u.sameModule(v.Pkg()) && u.pass.ImportObjectFact(v, new(variableFact))
}

// changing lists the variables of this package that change, by name.
func (u *unit) changing() []*types.Var {
	var all []*types.Var
	for v := range u.changes {
		if v.Pkg() == u.pass.Pkg {
			all = append(all, v)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name() < all[j].Name() })
	return all
}
