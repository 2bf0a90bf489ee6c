package fastbind

import (
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// directive begins a comment that allows the finding on its line or the next one.
const directive = "//fastbind:"

// directives returns the lines that directives cover, by file. One that is
// malformed is reported and covers nothing.
func directives(pass *analysis.Pass) map[string]map[int]bool {
	allowed := make(map[string]map[int]bool)
	for _, file := range pass.Files {
		for _, group := range file.Comments {
			for _, c := range group.List {
				cover(pass, allowed, c)
			}
		}
	}
	return allowed
}

func cover(pass *analysis.Pass, allowed map[string]map[int]bool, c *ast.Comment) {
	text, ok := strings.CutPrefix(c.Text, directive)
	if !ok {
		return
	}
	verb, reason, _ := strings.Cut(text, " ")
	reason, _, _ = strings.Cut(reason, "//") // a comment in the comment is no reason
	if verb != "allow" {
		pass.Reportf(c.Pos(), "unknown directive %s%s; the one there is: //fastbind:allow REASON", directive, verb)
		return
	}
	if strings.TrimSpace(reason) == "" {
		pass.Reportf(c.Pos(), "//fastbind:allow needs a reason")
		return
	}
	at := pass.Fset.Position(c.Pos())
	if allowed[at.Filename] == nil {
		allowed[at.Filename] = make(map[int]bool)
	}
	allowed[at.Filename][at.Line] = true
	allowed[at.Filename][at.Line+1] = true
}

// allows says whether a directive covers the line of pos.
func (u *unit) allows(pos token.Pos) bool {
	if len(u.allowed) == 0 {
		return false
	}
	at := u.pass.Fset.Position(pos)
	return u.allowed[at.Filename][at.Line]
}
