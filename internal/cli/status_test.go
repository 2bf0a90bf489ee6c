package cli

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func TestStatusGolden(t *testing.T) {
	for _, test := range []struct {
		name string
		fake fakeBroker
		args []string
	}{
		{"status", fakeBroker{services: exampleServices(), refused: []*daemonryv1.Refusal{
			{Service: "typo", File: "/c/services/typo.toml", Message: "/c/services/typo.toml:3: limit: unknown key; did you mean limits?"},
		}}, nil},
		{"status_empty", fakeBroker{}, nil},
		{"status_ready", fakeBroker{services: exampleServices()[:1]}, []string{"gocache"}},
		{"status_starting", fakeBroker{services: exampleServices()[1:2]}, []string{"index"}},
		{"status_failed", fakeBroker{services: exampleServices()[2:3]}, []string{"lint"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStand(t)
			s.serve(&test.fake)
			s.want(exitDone, append([]string{"status"}, test.args...)...)
			fits(t, s.out.String())
			golden(t, test.name, s.out.String())
		})
	}
}

// fits checks that no line is wider than 80 columns, ends in a space, or has
// control characters in it.
func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > defaultWidth {
			t.Errorf("%d columns: %q", n, line)
		}
		if strings.TrimRight(line, " ") != line || strings.ContainsAny(line, "\x1b\r\t") {
			t.Errorf("stray characters: %q", line)
		}
	}
}

// Colour changes nothing but colour.
func TestStatusColour(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{services: exampleServices()})
	for _, args := range [][]string{{"status"}, {"status", "gocache"}} {
		s.want(exitDone, args...)
		plain := s.out.String()
		s.console.colour = true
		s.want(exitDone, args...)
		s.console.colour = false
		if !strings.Contains(s.out.String(), "\x1b[32mready\x1b[0m") {
			t.Errorf("%v: ready is not green:\n%s", args, &s.out)
		}
		if bare := regexp.MustCompile("\x1b\\[[0-9]*m").ReplaceAllString(s.out.String(), ""); bare != plain {
			t.Errorf("%v: without colour\n%s\ninstead of\n%s", args, bare, plain)
		}
	}
}

// The keys of DESIGN §14 with their types; "?" after a type allows null.
var schema = map[string]string{
	"schema": "number", "broker": "object", "services": "array",
	"broker.pid": "number", "broker.version": "string", "broker.started_at": "time", "broker.domain": "string", "broker.runtime_dir": "string",
	"services.name": "string", "services.version": "string", "services.instance": "string", "services.mode": "string",
	"services.definition": "string", "services.state": "string", "services.endpoint": "string", "services.listeners": "array",
	"services.listeners.name": "string", "services.listeners.network": "string", "services.listeners.address": "string",
	"services.pid": "number?", "services.generation": "number", "services.processes": "array",
	"services.processes.pid": "number", "services.processes.generation": "number", "services.processes.role": "string",
	"services.processes.started_at": "time?", "services.processes.memory_bytes": "number?", "services.processes.cpu_seconds": "number?",
	"services.starts": "number", "services.ready": "bool", "services.status": "string",
	"services.started_at": "time?", "services.last_used_at": "time?", "services.connections": "number?", "services.pending": "number?",
	"services.phases": "object", "services.phases.spawn_ms": "number?", "services.phases.accept_ms": "number?", "services.phases.ready_ms": "number?",
	"services.log": "string", "services.last_exit": "object?", "services.last_exit.code": "number?", "services.last_exit.signal": "string?",
	"services.last_exit.at": "time?", "services.last_exit.output": "string", "services.next_attempt_at": "time?",
	"services.error": "object?", "services.error.code": "string", "services.error.kind": "string?", "services.error.message": "string",
	"services.error.retry_after_ms": "number?",
}

func TestStatusJSONSchema(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{services: exampleServices()})
	s.want(exitDone, "status", "--json")
	var got map[string]any
	check(t, json.Unmarshal(s.out.Bytes(), &got))
	seen := map[string]bool{}
	walk(t, seen, "", got)
	for path := range schema {
		if !seen[path] {
			t.Errorf("%s never had a value: the test proves nothing about it", path)
		}
	}
}

// walk checks that object has every key that the schema puts below prefix, each
// with the right type.
func walk(t *testing.T, seen map[string]bool, prefix string, object map[string]any) {
	t.Helper()
	for path, kind := range schema {
		key, ok := strings.CutPrefix(path, prefix)
		if !ok || strings.Contains(key, ".") {
			continue
		}
		value, ok := object[key]
		if !ok {
			t.Errorf("%s is missing", path)
			continue
		}
		if value == nil {
			if !strings.HasSuffix(kind, "?") {
				t.Errorf("%s is null", path)
			}
			continue
		}
		seen[path] = true
		if want := strings.TrimSuffix(kind, "?"); want != kindOf(value) && (want != "string" || kindOf(value) != "time") {
			t.Errorf("%s is a %s (%v), not a %s", path, kindOf(value), value, want)
		}
		descend(t, seen, path+".", value)
	}
}

func descend(t *testing.T, seen map[string]bool, prefix string, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		walk(t, seen, prefix, value)
	case []any:
		for _, one := range value {
			walk(t, seen, prefix, one.(map[string]any))
		}
	}
}

func kindOf(value any) string {
	switch value := value.(type) {
	case bool:
		return "bool"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case string:
		if regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`).MatchString(value) { // RFC 3339
			return "time"
		}
	}
	return "string"
}

// What is unknown is null, never zero.
func TestStatusJSONNulls(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{services: []*daemonryv1.Service{{Name: "quiet", State: "idle"}}})
	s.want(exitDone, "status", "quiet", "--json")
	golden(t, "status_json", s.out.String())
}

func TestStatusEmptyListsAreLists(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{})
	s.want(exitDone, "status", "--json")
	says(t, s.out.String(), `"services": []`, `"refused": []`)
}

func TestStatusStartsNoBroker(t *testing.T) {
	s := newStand(t)
	for _, args := range [][]string{
		{"status"}, {"status", "x"}, {"status", "--json"}, {"status", "--watch"}, {"events"}, {"logs", "x"}, {"stop", "x"}, {"shutdown"},
	} {
		s.want(exitNoBroker, args...)
		says(t, s.err.String(), "daemonry: cannot ", "no broker is running", "by itself with the first client")
		if s.out.Len() > 0 {
			t.Errorf("%v printed %q", args, &s.out)
		}
	}
}

// S41: a broker that does not answer is told about, not waited for.
func TestStatusOfStoppedBroker(t *testing.T) {
	s := newStand(t)
	s.serve(&fakeBroker{hold: make(chan struct{})})
	s.want(exitTimeout, "status")
	says(t, s.err.String(), "daemonry: cannot show the status: ", "hint: the broker did not answer for 3.0s")
}
