package definition

import (
	"errors"
	"reflect"
	"slices"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
)

// Parse reads the TOML text of a definition. file is only used in errors, which
// are *Error and hold every problem found. The service's name and its endpoint's
// length are not checked, for the text does not have them: see Validate.
func Parse(file string, data []byte) (daemonry.Service, error) {
	return parse(readTOML(file, data))
}

// ParseJSON reads the JSON form of a definition, as a client brings it along;
// origin stands for the file in errors. It is as strict as Parse.
func ParseJSON(origin string, data []byte) (daemonry.Service, error) {
	return parse(readJSON(origin, data))
}

func parse(s *source, p *Problem) (daemonry.Service, error) {
	if p != nil {
		return daemonry.Service{}, newError("", []Problem{*p})
	}
	service, problems := merge(shape(), []*source{s}, "", "")
	if err := newError("", problems); err != nil {
		return daemonry.Service{}, err
	}
	return service, nil
}

// Validate returns what is wrong with a service that was put together in
// memory, in no file's order. runtime is the runtime directory, in which the
// endpoint's path must fit sun_path; empty: that is not checked.
func Validate(name string, s daemonry.Service, runtime string) []Problem {
	var problems []Problem
	for _, f := range append(checkName(name, s, runtime), check(s)...) {
		problems = append(problems, Problem{Key: f.key, Reason: f.reason})
	}
	return problems
}

// merge assigns the sources one after the other and checks the result. An empty
// name is not checked.
func merge(shape *table, sources []*source, name, runtime string) (daemonry.Service, []Problem) {
	var s daemonry.Service
	a := assigner{shape: shape}
	for i, source := range sources {
		a.source = i
		a.table("", shape, source.tree, reflect.ValueOf(&s).Elem())
	}
	found := a.found
	if name != "" {
		found = append(found, checkName(name, s, runtime)...)
	}
	found = append(found, worthTelling(a.found, check(s))...)
	if len(found) == 0 {
		return s, nil
	}
	return daemonry.Service{}, place(sources, found)
}

// worthTelling drops what may only follow from keys that are wrong in
// themselves: a mistyped "comand" is not a missing command as well.
func worthTelling(wrong, found []finding) []finding {
	return slices.DeleteFunc(found, func(f finding) bool {
		return len(wrong) > 0 && f.relation ||
			slices.ContainsFunc(wrong, func(w finding) bool { return w.key == f.key })
	})
}

// checkName checks the service's name, and that its endpoint fits.
func checkName(name string, s daemonry.Service, runtime string) []finding {
	if !daemonry.ValidService(name) {
		return []finding{{source: anywhere, key: "name", reason: badName(name)}}
	}
	if runtime == "" {
		return nil
	}
	version, instance := "", ""
	if s.Versions != "" {
		version = "any"
	}
	if s.Template {
		instance = "any"
	}
	path, err := endpoint.Path(runtime, name, version, instance)
	if err == nil {
		err = longestListener(path, s.Listen)
	}
	if err == nil {
		return nil
	}
	key := "name"
	if _, ok := errors.AsType[*endpoint.TooLongError](err); !ok {
		key = ""
	}
	return []finding{{source: anywhere, key: key, reason: err.Error()}}
}
