package definition

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daemonry/daemonry"
)

// Format returns the TOML text of s, which Parse reads back to the same; zero
// values are left out. A service that Parse would refuse is refused with an
// *Error.
func Format(s daemonry.Service) ([]byte, error) {
	if problems := Validate("x", s, ""); len(problems) > 0 {
		return nil, newError("", problems)
	}
	var f formatter
	f.table("", shape(), reflect.ValueOf(s))
	return f.text.Bytes(), nil
}

type formatter struct{ text bytes.Buffer }

// table writes the plain keys first and the tables after them, since in TOML a
// key belongs to the table whose header came last.
func (f *formatter) table(path string, shape *table, v reflect.Value) {
	for _, name := range shape.names {
		field := shape.fields[name]
		value := v.Field(field.index)
		if field.kind < kindEnv && !value.IsZero() && (field.kind != kindTexts || value.Len() > 0) {
			f.text.WriteString(name + " = " + literal(field.kind, value) + "\n")
		}
	}
	for _, name := range shape.names {
		field := shape.fields[name]
		value := v.Field(field.index)
		switch {
		case value.IsZero():
		case field.kind == kindTable:
			f.subtable(join(path, name), field.table, value)
		case field.kind == kindEnv && value.Len() > 0:
			f.header(join(path, name))
			f.env(value.Interface().(map[string]string))
		}
	}
}

// subtable leaves out the header of a table that only has tables.
func (f *formatter) subtable(path string, shape *table, v reflect.Value) {
	var inner formatter
	inner.table(path, shape, v)
	if !bytes.HasPrefix(inner.text.Bytes(), []byte("[")) {
		f.header(path)
	} else if f.text.Len() > 0 {
		f.text.WriteString("\n")
	}
	f.text.Write(inner.text.Bytes())
}

func (f *formatter) header(path string) {
	if f.text.Len() > 0 {
		f.text.WriteString("\n")
	}
	f.text.WriteString("[" + path + "]\n")
}

func (f *formatter) env(env map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		f.text.WriteString(name + " = " + quote(env[name]) + "\n")
	}
}

func literal(kind kind, v reflect.Value) string {
	switch kind {
	case kindBool:
		return strconv.FormatBool(v.Bool())
	case kindInt:
		return strconv.FormatInt(v.Int(), 10)
	case kindTexts:
		texts := make([]string, v.Len())
		for i := range texts {
			texts[i] = quote(v.Index(i).String())
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case kindDuration:
		return quote(short(time.Duration(v.Int())))
	case kindSize:
		text, _ := v.Interface().(daemonry.Size).MarshalText() // never fails
		return quote(string(text))
	default:
		return quote(v.String())
	}
}

// short is "15m" where Go says "15m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// quote returns a basic string of TOML. Its escapes are JSON's, except that DEL
// must be escaped too.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}
