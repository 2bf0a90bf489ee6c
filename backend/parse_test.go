package backend

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"/run/d/gocache.sock":              {network: "unix", address: "/run/d/gocache.sock", service: "gocache"},
		"unix:/run/d/gocache.sock":         {network: "unix", address: "/run/d/gocache.sock", service: "gocache"},
		"/run/d/gocache@0123456789.sock":   {network: "unix", address: "/run/d/gocache@0123456789.sock", service: "gocache"},
		"/run/d/My Socket":                 {network: "unix", address: "/run/d/My Socket"},
		"tcp:127.0.0.1:4226":               {network: "tcp", address: "127.0.0.1:4226"},
		"tcp:[::1]:4226":                   {network: "tcp", address: "[::1]:4226"},
		`\\.\pipe\daemonry-00112233-hello`: {network: "pipe", address: `\\.\pipe\daemonry-00112233-hello`},
	} {
		got, err := ParseEndpoint(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := ParseEndpoint(got.String()); err != nil || again != got {
			t.Errorf("%q does not read back: %+v, %v", got.String(), again, err)
		}
	}
}

func TestParseEndpointRefuses(t *testing.T) {
	for _, text := range []string{
		"", "unix:", "x.sock", "@abstract", "/dir/", "/x\x00y", "/" + strings.Repeat("x", 108), "tcp:", "tcp:localhost:80", "tcp:0.0.0.0:80",
		"tcp:192.0.2.1:80", "tcp:127.0.0.1:0", "tcp:127.0.0.1", `\\.\pipe\`, `\\.\pipe\a\b`,
	} {
		e, err := ParseEndpoint(text)
		var bind *BindError
		if !errors.As(err, &bind) || bind.Kind != KindInvalidEndpoint || e != (Endpoint{}) {
			t.Errorf("%q: %+v, %v", text, e, err)
		}
	}
}

func TestBindErrorTexts(t *testing.T) {
	cause := errors.New("why")
	e := Endpoint{network: "unix", address: "/x.sock"}
	for kind, want := range map[Kind]string{
		KindInvalidEndpoint: "invalid endpoint: /x.sock: why",
		KindAlreadyBound:    "endpoint already bound: /x.sock: why",
		KindIO:              "bind io error: /x.sock: why",
		KindOther:           "bind error: /x.sock: why",
	} {
		err := &BindError{Kind: kind, Endpoint: e, Err: cause}
		if err.Error() != want {
			t.Errorf("%q, want %q", err.Error(), want)
		}
		if errors.Is(err, cause) != (kind == KindIO) {
			t.Errorf("%s: only input/output has a cause", kind)
		}
	}
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestParseEnvironment(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want environment
	}{
		"nothing":           {nil, environment{}},
		"ours":              {map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}, environment{listeners: 2, names: []string{"a", "b"}}},
		"without names":     {map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2"}, environment{listeners: 2, names: []string{"unknown", "unknown"}}},
		"another's":         {map[string]string{"LISTEN_PID": "43", "LISTEN_FDS": "2"}, environment{}},
		"another's, broken": {map[string]string{"LISTEN_PID": "43", "LISTEN_FDS": "many"}, environment{}},
		"none":              {map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "0", "LISTEN_FDNAMES": ""}, environment{names: []string{}}},
		"generation":        {map[string]string{"DAEMONRY_GENERATION": "9", "DAEMONRY_SERVICE": "x"}, environment{generation: 9, service: "x"}},
	} {
		got, err := parseEnvironment(lookup(c.env), 42)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(environment{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseEnvironmentRefuses(t *testing.T) {
	for _, env := range []map[string]string{
		{"LISTEN_PID": "42", "LISTEN_FDS": "-1"},
		{"LISTEN_PID": "42", "LISTEN_FDS": "1e9"},
		{"LISTEN_PID": "42", "LISTEN_FDS": "1000000000"},
		{"LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b:c"},
		{"DAEMONRY_GENERATION": "-1"},
	} {
		if e, err := parseEnvironment(lookup(env), 42); err == nil {
			t.Errorf("%v: %+v", env, e)
		}
	}
}

func FuzzParseEndpoint(f *testing.F) {
	for _, s := range []string{"/x.sock", "tcp:127.0.0.1:80", `\\.\pipe\x`, "unix:/a@0123456789.sock", "@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEndpoint(text)
		if err != nil {
			return
		}
		again, err := ParseEndpoint(e.String())
		if err != nil || again != e {
			t.Errorf("%q gives %+v, whose text gives %+v, %v", text, e, again, err)
		}
	})
}

func FuzzParseEnvironment(f *testing.F) {
	f.Add("42", "2", "a:b", "7")
	f.Add("", "", "", "")
	f.Add("42", "-1", ":::", "x")
	f.Fuzz(func(t *testing.T, pid, fds, names, generation string) {
		e, err := parseEnvironment(lookup(map[string]string{"LISTEN_PID": pid, "LISTEN_FDS": fds, "LISTEN_FDNAMES": names, "DAEMONRY_GENERATION": generation}), 42)
		if err != nil {
			return
		}
		if e.listeners < 0 || e.listeners > maxListeners || len(e.names) != e.listeners || (e.listeners > 0 && pid != "42") {
			t.Errorf("%+v", e)
		}
	})
}
