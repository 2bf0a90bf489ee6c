package definition

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/daemonry/daemonry"
)

// A table is the shape of a TOML table: the fields of a struct by their keys.
type table struct {
	names  []string // in the struct's order
	fields map[string]field
}

type field struct {
	index int
	kind  kind
	table *table // for kindTable
}

type kind int

const (
	kindText kind = iota
	kindTexts
	kindBool
	kindInt
	kindDuration
	kindSize
	kindEnv
	kindTable
)

// shape returns the shape of a definition, from the tags of daemonry.Service:
// the struct is the only list of keys that is assigned to.
func shape() *table { return shapeOf(reflect.TypeFor[daemonry.Service]()) }

func shapeOf(t reflect.Type) *table {
	shape := &table{fields: make(map[string]field, t.NumField())}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ",")
		f := field{index: i, kind: kindOf(t.Field(i).Type)}
		if f.kind == kindTable {
			f.table = shapeOf(t.Field(i).Type)
		}
		shape.names = append(shape.names, name)
		shape.fields[name] = f
	}
	return shape
}

func kindOf(t reflect.Type) kind {
	switch {
	case t == reflect.TypeFor[daemonry.Duration]():
		return kindDuration
	case t == reflect.TypeFor[daemonry.Size]():
		return kindSize
	}
	switch t.Kind() {
	case reflect.Slice:
		return kindTexts
	case reflect.Bool:
		return kindBool
	case reflect.Int:
		return kindInt
	case reflect.Map:
		return kindEnv
	case reflect.Struct:
		return kindTable
	default:
		return kindText
	}
}

// An assigner copies trees into a Service, one after the other, and collects
// what does not fit.
type assigner struct {
	shape  *table
	source int
	found  []finding
}

func (a *assigner) refuse(key, format string, args ...any) {
	a.found = append(a.found, finding{source: a.source, key: key, reason: fmt.Sprintf(format, args...)})
}

// table assigns what tree has and leaves the rest of v as it is: that is how
// drop-ins merge.
func (a *assigner) table(path string, shape *table, tree map[string]any, v reflect.Value) {
	for name, value := range tree {
		key := join(path, name)
		f, ok := shape.fields[name]
		if !ok {
			a.refuse(key, "%s", unknownKey(a.shape, path, name))
			continue
		}
		a.field(key, f, value, v.Field(f.index))
	}
}

func (a *assigner) field(key string, f field, value any, v reflect.Value) {
	switch f.kind {
	case kindTable:
		if tree, ok := value.(map[string]any); ok {
			a.table(key, f.table, tree, v)
			return
		}
	case kindEnv:
		if tree, ok := value.(map[string]any); ok {
			a.env(key, tree, v)
			return
		}
	case kindTexts:
		if list, ok := value.([]any); ok {
			a.texts(key, list, v)
			return
		}
	default:
		if a.scalar(key, value, v) {
			return
		}
	}
	a.refuse(key, "%s", wrongType(key, f.kind, value))
}

// scalar reports false if value has the wrong type for v.
func (a *assigner) scalar(key string, value any, v reflect.Value) bool {
	switch value := value.(type) {
	case string:
		if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			if err := u.UnmarshalText([]byte(value)); err != nil {
				a.refuse(key, "%v; it must be zero or more", err)
			}
			return true
		}
		if v.Kind() == reflect.String {
			v.SetString(value)
			return true
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(value)
			return true
		}
	case int64:
		if v.Kind() == reflect.Int && !v.Addr().Type().Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			v.SetInt(value)
			return true
		}
	}
	return false
}

// texts replaces a list.
func (a *assigner) texts(key string, list []any, v reflect.Value) {
	texts := make([]string, len(list))
	for i, e := range list {
		text, ok := e.(string)
		if !ok {
			a.refuse(element(key, i), "%s", wrongType(key, kindText, e))
		}
		texts[i] = text
	}
	v.Set(reflect.ValueOf(texts))
}

// env merges a table of texts.
func (a *assigner) env(key string, tree map[string]any, v reflect.Value) {
	env, _ := v.Interface().(map[string]string)
	if env == nil {
		env = make(map[string]string, len(tree))
	}
	for name, value := range tree {
		text, ok := value.(string)
		if !ok {
			a.refuse(join(key, name), "%s", wrongType(name, kindText, value))
		}
		env[name] = text
	}
	v.Set(reflect.ValueOf(env))
}

// wrongType says what is wanted, what was found and how to write it.
func wrongType(key string, want kind, value any) string {
	wants := map[kind]string{
		kindText: "a text in quotes", kindTexts: `a list of texts, as in ["a", "b"]`, kindBool: "true or false",
		kindInt: "a whole number", kindDuration: `a duration in quotes, as in "90s"`, kindSize: `a size in quotes, as in "512MiB"`,
		kindEnv: `a table of texts, as in { NAME = "value" }`, kindTable: "a table, as in [" + key + "]",
	}
	reason := fmt.Sprintf("must be %s, not %s", wants[want], describe(value))
	switch value := value.(type) {
	case int64:
		return reason + hintNumber(want, value)
	case string:
		if want == kindTexts && !strings.ContainsAny(value, `"'\`) {
			return reason + "; write [" + quoted(strings.Fields(value)) + "]"
		}
	}
	return reason
}

func hintNumber(want kind, n int64) string {
	switch want {
	case kindText:
		return fmt.Sprintf(`; write "%d"`, n)
	case kindDuration:
		return fmt.Sprintf(`; for seconds write "%ds"`, n)
	case kindSize:
		return fmt.Sprintf(`; for bytes write "%dB"`, n)
	}
	return ""
}

func describe(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the text %q", shorten(value))
	case bool:
		return fmt.Sprintf("%t", value)
	case int64:
		return fmt.Sprintf("the number %d", value)
	case float64:
		return fmt.Sprintf("the number %v", value)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case time.Time, fmt.Stringer:
		return "a date or time"
	default:
		return "this"
	}
}

// shorten keeps a message readable whatever the definition holds.
func shorten(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
