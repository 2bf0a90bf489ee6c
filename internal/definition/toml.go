package definition

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// readTOML parses a text. Only its syntax can be wrong here (with duplicate
// keys); keys and types are checked when the tree is assigned, because only so
// can all problems be told at once, in our words.
func readTOML(file string, data []byte) (*source, *Problem) {
	s := &source{file: file, data: data, index: indexTOML}
	if p := tooLarge(file, data); p != nil {
		return s, p
	}
	err := toml.Unmarshal(data, &s.tree)
	if err == nil {
		return s, nil
	}
	return s, syntaxProblem(s, err)
}

func syntaxProblem(s *source, err error) *Problem {
	p := &Problem{File: s.file, Line: 1, Column: 1, Reason: "not TOML: " + plainly(err)}
	de, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return p
	}
	p.Line, p.Column = de.Position()
	for _, key := range de.Key() {
		p.Key = join(p.Key, key)
	}
	if p.Key != "" {
		return p
	}
	line := bytes.Split(s.data, []byte("\n"))[p.Line-1]
	key, value, ok := strings.Cut(string(line), "=")
	if key = strings.TrimSpace(key); !ok || !isBare(key) {
		return p
	}
	p.Key = join(tableBefore(s.data), key)
	if value = strings.TrimSpace(value); value != "" && !strings.ContainsAny(value[:1], "\"'[{") && !strings.Contains(p.Reason, "quoted") {
		p.Reason += "; a text goes in quotes"
	}
	return p
}

// tableBefore returns the last table that begins before the syntax is wrong.
func tableBefore(data []byte) string {
	ix := &tomlIndex{data: data, places: map[string]position{}}
	ix.parser.Reset(data)
	table := ""
	for ix.parser.NextExpression() {
		if node := ix.parser.Expression(); node.Kind == unstable.Table || node.Kind == unstable.ArrayTable {
			table = ix.keys("", node)
		}
	}
	return table
}

func tooLarge(file string, data []byte) *Problem {
	if len(data) <= maxSize {
		return nil
	}
	return &Problem{File: file, Reason: fmt.Sprintf("larger than %d bytes: not a definition", maxSize)}
}

func plainly(err error) string { return strings.TrimPrefix(err.Error(), "toml: ") }

// indexTOML finds the place of every key and element. It is only run for texts
// that have a problem and whose syntax is right.
func indexTOML(s *source) map[string]position {
	ix := &tomlIndex{data: s.data, places: map[string]position{}}
	ix.parser.Reset(s.data)
	table := ""
	for ix.parser.NextExpression() {
		node := ix.parser.Expression()
		switch node.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = ix.keys("", node)
		case unstable.KeyValue:
			ix.value(ix.keys(table, node), node.Value())
		}
	}
	return ix.places
}

type tomlIndex struct {
	data   []byte
	parser unstable.Parser
	places map[string]position
}

// keys notes each part of a dotted key below path and returns the whole. The
// first place wins: a second [[table]] of the same name is the same mistake.
func (ix *tomlIndex) keys(path string, node *unstable.Node) string {
	for it := node.Key(); it.Next(); {
		path = join(path, string(it.Node().Data))
		ix.note(path, it.Node())
	}
	return path
}

func (ix *tomlIndex) value(path string, node *unstable.Node) {
	switch node.Kind {
	case unstable.InlineTable:
		for it := node.Children(); it.Next(); {
			ix.value(ix.keys(path, it.Node()), it.Node().Value())
		}
	case unstable.Array:
		i := 0
		for it := node.Children(); it.Next(); i++ {
			ix.note(element(path, i), it.Node())
		}
	}
}

func (ix *tomlIndex) note(path string, node *unstable.Node) {
	if _, ok := ix.places[path]; !ok && node.Raw.Length > 0 {
		ix.places[path] = positionAt(ix.data, int(node.Raw.Offset))
	}
}
