package definition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds nesting. A definition needs three levels; the limit bounds
// the reader's recursion.
const maxDepth = 16

// readJSON parses a text as strictly as readTOML: encoding/json alone would
// take duplicate keys, keys in another case and bytes that are not UTF-8.
func readJSON(origin string, data []byte) (*source, *Problem) {
	s := &source{file: origin, data: data, places: map[string]position{}}
	if p := tooLarge(origin, data); p != nil {
		return s, p
	}
	r := &jsonReader{data: data, source: s, decoder: json.NewDecoder(bytes.NewReader(data))}
	r.decoder.UseNumber()
	if err := r.document(); err != nil {
		if err == io.EOF {
			err = errors.New("it ends too early")
		}
		at := positionAt(data, r.at)
		return s, &Problem{origin, at.line, at.column, r.key, "not a JSON definition: " + err.Error()}
	}
	return s, nil
}

type jsonReader struct {
	data    []byte
	source  *source
	decoder *json.Decoder
	at      int    // offset of the token that was read last
	key     string // the key that was read last
}

func (r *jsonReader) document() error {
	if !utf8.Valid(r.data) {
		return errors.New("it is not UTF-8")
	}
	v, err := r.value("", 0)
	if err != nil {
		return err
	}
	r.key = ""
	if _, err := r.token(); err != io.EOF {
		return errors.New("there is more after the closing brace")
	}
	tree, ok := v.(map[string]any)
	if !ok {
		r.at = 0
		return fmt.Errorf("it must be an object, not %s", describe(v))
	}
	r.source.tree = tree
	return nil
}

// token reads a token and notes where it starts.
func (r *jsonReader) token() (json.Token, error) {
	r.at = int(r.decoder.InputOffset())
	for r.at < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[r.at]) >= 0 {
		r.at++
	}
	t, err := r.decoder.Token()
	if r.at >= len(r.data) && err != nil {
		err = io.EOF
	}
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		r.at = int(se.Offset) - 1
	}
	return t, err
}

func (r *jsonReader) value(path string, depth int) (any, error) {
	t, err := r.token()
	switch {
	case err != nil:
		return nil, err
	case depth > maxDepth:
		return nil, errors.New("nested too deeply")
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(path, depth)
		}
		return r.list(path, depth)
	case json.Number:
		return number(t)
	default:
		return t, nil
	}
}

func (r *jsonReader) object(path string, depth int) (map[string]any, error) {
	table := map[string]any{}
	for r.decoder.More() {
		t, err := r.token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("a key must be a text")
		}
		r.key = join(path, name)
		if _, ok := table[name]; ok {
			return nil, errors.New("the key is there twice")
		}
		r.source.places[r.key] = positionAt(r.data, r.at)
		if table[name], err = r.value(r.key, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.token()
	return table, err
}

func (r *jsonReader) list(path string, depth int) ([]any, error) {
	list := []any{}
	for r.decoder.More() {
		v, err := r.value(element(path, len(list)), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.token()
	return list, err
}

// number takes "4096" and what protobuf's Struct may make of it ("4.096e3") as
// whole numbers.
func number(n json.Number) (any, error) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f), nil
	}
	return f, err
}
