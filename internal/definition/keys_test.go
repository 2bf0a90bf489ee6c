package definition

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry"
)

// tagged returns the keys of daemonry.Service by the names in a struct tag.
func tagged(t reflect.Type, tag, prefix string) []string {
	var keys []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get(tag), ",")
		if t.Field(i).Type.Kind() == reflect.Struct {
			keys = append(keys, tagged(t.Field(i).Type, tag, prefix+name+".")...)
			continue
		}
		keys = append(keys, prefix+name)
	}
	return keys
}

func TestKeysAreThoseOfService(t *testing.T) {
	service := reflect.TypeFor[daemonry.Service]()
	inTOML := tagged(service, "toml", "")
	if diff := cmp.Diff(inTOML, tagged(service, "json", "")); diff != "" {
		t.Errorf("TOML and JSON keys of daemonry.Service differ (-toml +json):\n%s", diff)
	}
	var described []string
	for _, k := range Keys() {
		described = append(described, k.Path)
	}
	if diff := cmp.Diff(inTOML, described); diff != "" {
		t.Errorf("Keys differs from daemonry.Service (-service +keys):\n%s", diff)
	}
}

func TestKeyTypesAreThoseOfService(t *testing.T) {
	words := map[kind]string{
		kindText: typeText, kindTexts: typeTexts, kindBool: typeBool, kindInt: typeInt,
		kindDuration: typeDuration, kindSize: typeSize, kindEnv: typeEnv,
	}
	for _, k := range Keys() {
		table, name := shape(), k.Path
		if outer, inner, ok := strings.Cut(k.Path, "."); ok {
			table, name = table.fields[outer].table, inner
		}
		if want := words[table.fields[name].kind]; k.Type != want {
			t.Errorf("%s is described as %s, and is a %s", k.Path, k.Type, want)
		}
	}
}

// What DESIGN §12 fixes, as far as it is a key of a definition.
func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	design := map[string]string{
		"limits.bind": "500ms for SDK daemons, 10s for others in mode bind", "limits.start": "none", "limits.stall": "30s",
		"limits.stop": "10s", "restart.backoff_min": "100ms", "restart.backoff_max": "30s", "restart.burst": "5",
		"restart.window": "60s", "restart.cooldown": "30s", "limits.idle": "none", "log.max_size": "10MiB", "log.keep": "3",
	}
	for _, k := range Keys() {
		if want, ok := design[k.Path]; ok && k.Default != want {
			t.Errorf("%s: default %q, the design says %q", k.Path, k.Default, want)
		}
		delete(design, k.Path)
	}
	if len(design) > 0 {
		t.Errorf("no such keys: %v", design)
	}
	if got := defaultBackoffMin.String() + " " + defaultBackoffMax.String(); got != "100ms 30s" {
		t.Errorf("checks assume a backoff of %s", got)
	}
}

// Every example is accepted with what it needs beside it, and every documented
// choice is.
func TestExamplesAreAccepted(t *testing.T) {
	for _, k := range Keys() {
		values := []string{k.Example}
		for _, word := range k.Allowed {
			values = append(values, fmt.Sprintf("%q", word))
		}
		for _, value := range values {
			text := beside(k.Path, value) + k.Path + " = " + value + "\n"
			if _, err := Parse(k.Path, []byte(text)); err != nil {
				t.Errorf("%s: %v\n%s", k.Path, err, text)
			}
		}
	}
}

// beside returns what a key's example needs to be a definition.
func beside(key, value string) string {
	text := ""
	if key != "command" {
		text += "command = [\"/usr/bin/x\"]\n"
	}
	switch {
	case key == "ready_command", key == "ready_http":
		text += "ready = \"probe\"\n"
	case value == `"probe"`:
		text += "ready_http = \"/\"\n"
	}
	return text
}

const reference = "../../docs/DEFINITIONS.md"

// The table of keys in the reference is made from Keys.
func TestReferenceIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- keys: written by go test -update -->\n", "<!-- end of keys -->"
	head, rest, ok := strings.Cut(string(data), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the keys", reference)
	}
	want := head + begin + keyTable() + end + tail
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("%s is not what Keys says (-want +got):\n%s", reference, diff)
	}
}

func keyTable() string {
	var b strings.Builder
	section := "-"
	for _, k := range Keys() {
		table, name, ok := strings.Cut(k.Path, ".")
		if !ok {
			table, name = "", k.Path
		}
		if table != section {
			section = table
			heading := "### At the top"
			if table != "" {
				heading = "### `[" + table + "]`"
			}
			fmt.Fprintf(&b, "\n%s\n\n| key | type | default | example | meaning |\n|---|---|---|---|---|\n", heading)
		}
		kind := k.Type
		if k.Allowed != nil {
			kind = strings.Join(k.Allowed, ", ")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `%s` | %s |\n", name, kind, k.Default, k.Example, k.Text)
	}
	return b.String() + "\n"
}
