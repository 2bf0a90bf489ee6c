package definition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/daemonry/daemonry"
)

// A Problem is one thing that is wrong with a definition.
type Problem struct {
	File   string // the definition, the drop-in, or the client's origin; may be empty
	Line   int    // from 1; 0 if the problem has no place in the file (a wrong owner, say)
	Column int    // from 1, in bytes; 0 with Line
	Key    string // "limits.idle", "command[0]"; "name" for the file's name; empty for the file itself
	Reason string // what is wrong and what is allowed
}

// String returns "FILE:LINE:COLUMN: KEY: REASON" without the parts that are
// not known.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	for _, part := range []string{p.Key, p.Reason} {
		if part == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(part)
	}
	return b.String()
}

// Error is a refused definition: the first problem, in the order of the files,
// and the others.
type Error struct {
	Problem
	More    []Problem
	Service string // the service's name, where it is known
}

// Problems returns all problems in the order of files and lines.
func (e *Error) Problems() []Problem { return append([]Problem{e.Problem}, e.More...) }

// Error returns one line for each problem.
func (e *Error) Error() string {
	lines := []string{e.Problem.String()}
	for _, p := range e.More {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the refusal as a *daemonry.Error with CodeInvalidDefinition,
// ready for the wire.
func (e *Error) Unwrap() error {
	return &daemonry.Error{
		Code: daemonry.CodeInvalidDefinition, Op: "load the definition of", Service: e.Service, Message: e.Error(),
	}
}

// newError returns nil for no problems, as an error.
func newError(service string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Problem: problems[0], More: problems[1:], Service: service}
}

// A finding is a problem before its place is looked up.
type finding struct {
	source   int // index of the source that has the key; anywhere: the last that has it
	key      string
	reason   string
	relation bool // about what another key says or lacks: not worth telling while keys are wrong in themselves
}

const anywhere = -1

// place turns findings into problems with their places, in file order.
func place(sources []*source, found []finding) []Problem {
	type placed struct {
		Problem
		source int
	}
	all := make([]placed, 0, len(found))
	for _, f := range found {
		i, at := locate(sources, f)
		all = append(all, placed{Problem{sources[i].file, at.line, at.column, f.key, f.reason}, i})
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key))
	})
	problems := make([]Problem, len(all))
	for i, p := range all {
		problems[i] = p.Problem
	}
	return problems
}

// locate finds the source that last set the finding's key and its place there.
// A key that is nowhere (it is missing) is told at the start of the first file.
func locate(sources []*source, f finding) (index int, at position) {
	if f.source != anywhere {
		return f.source, sources[f.source].position(f.key)
	}
	for i := len(sources) - 1; i >= 0; i-- {
		if at, ok := sources[i].find(f.key); ok {
			return i, at
		}
	}
	return 0, position{1, 1}
}
