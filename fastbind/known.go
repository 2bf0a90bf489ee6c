package fastbind

import (
	_ "embed" // for known.txt
	"fmt"
	"go/types"
	"strings"
)

//go:embed known.txt
var knownText string

// knowledge says what the functions do of packages that are not analysed: by
// package, then by name. A name is "Func", "Type.Method", or a beginning of either
// followed by a star.
type knowledge map[string]map[string]kind

// parseKnowledge reads lines "package kind: name name…"; what follows # is
// a comment.
func parseKnowledge(text string) (knowledge, error) {
	known := make(knowledge)
	for n, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		head, names, ok := strings.Cut(line, ":")
		if strings.TrimSpace(line) == "" {
			continue
		}
		words := strings.Fields(head)
		if !ok || len(words) != 2 || !kind(words[1]).valid() {
			return nil, fmt.Errorf("cannot read known.txt: line %d is not PACKAGE KIND: NAMES", n+1)
		}
		known.add(words[0], kind(words[1]), strings.Fields(names))
	}
	return known, nil
}

func (known knowledge) add(pkg string, k kind, names []string) {
	if known[pkg] == nil {
		known[pkg] = make(map[string]kind)
	}
	for _, name := range names {
		known[pkg][name] = k
	}
}

func (k kind) valid() bool {
	switch k {
	case pure, args, async, kept:
		return true
	}
	return k.isEffect()
}

// isEffect says whether k is something that Bind may not do.
func (k kind) isEffect() bool {
	switch k {
	case file, network, process, database, output, system, wait, lock, state, load, unseen:
		return true
	}
	return false
}

// lookup returns what the table says of a name: the longest entry that matches.
func (known knowledge) lookup(pkg, name string) (kind, bool) {
	names := known[pkg]
	if names == nil {
		return pure, false
	}
	if k, ok := names[name]; ok {
		return k, true
	}
	for end := len(name); end >= 0; end-- {
		if k, ok := names[name[:end]+"*"]; ok {
			return k, true
		}
	}
	return pure, false
}

// function looks a function or method up.
func (known knowledge) function(fn *types.Func) (kind, bool) {
	if fn.Pkg() == nil {
		return pure, true // error.Error
	}
	return known.lookup(fn.Pkg().Path(), memberName(fn))
}

// memberName is "Func" or "Type.Method".
func memberName(fn *types.Func) string {
	if recv := fn.Signature().Recv(); recv != nil {
		if named := namedOf(recv.Type()); named != nil {
			return named.Obj().Name() + "." + fn.Name()
		}
	}
	return fn.Name()
}

// namedOf returns the named type behind t and at most one pointer, nil if there is none.
func namedOf(t types.Type) *types.Named {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	named, _ := types.Unalias(t).(*types.Named)
	return named
}

// labelOf names a function for a reader in package from.
func labelOf(fn *types.Func, from *types.Package) string {
	if fn.Pkg() == nil || fn.Pkg() == from {
		return memberName(fn)
	}
	return fn.Pkg().Name() + "." + memberName(fn)
}
