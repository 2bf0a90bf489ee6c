package definition

import (
	"bytes"
	"fmt"
	"strings"
)

// maxSize bounds a definition, in bytes. Nobody writes a megabyte by hand; the
// limit keeps a mistaken file (a log, a core) out of memory.
const maxSize = 1 << 20

// A source is one text of a definition: its file, a drop-in, or a client's
// JSON.
type source struct {
	file   string
	data   []byte
	tree   map[string]any // string, int64, float64, bool, []any, map[string]any; other types are refused by name
	places map[string]position
	index  func(*source) map[string]position // fills places when a problem needs them
}

// A position is a place in a text, both from 1, the column in bytes.
type position struct{ line, column int }

// find returns the place of key, or of the list that key is an element of.
func (s *source) find(key string) (position, bool) {
	if s.places == nil {
		s.places = s.index(s)
	}
	if at, ok := s.places[key]; ok {
		return at, true
	}
	list, _, isElement := strings.Cut(key, "[")
	at, ok := s.places[list]
	return at, isElement && ok
}

func (s *source) position(key string) position {
	if at, ok := s.find(key); ok {
		return at
	}
	return position{1, 1}
}

// positionAt converts an offset in data.
func positionAt(data []byte, offset int) position {
	offset = max(0, min(offset, len(data)))
	before := data[:offset]
	return position{bytes.Count(before, []byte("\n")) + 1, offset - bytes.LastIndexByte(before, '\n')}
}

// join appends a key to a path; a key that TOML would quote is quoted.
func join(path, key string) string {
	if !isBare(key) {
		key = fmt.Sprintf("%q", key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// isBare reports whether TOML takes key without quotes.
func isBare(key string) bool {
	for _, c := range []byte(key) {
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return key != ""
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// element returns the path of a list's element.
func element(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
