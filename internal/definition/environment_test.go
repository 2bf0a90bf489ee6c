package definition

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry"
)

func TestEnvironment(t *testing.T) {
	s := daemonry.Service{Process: daemonry.Process{
		Env:     map[string]string{"LANG": "C", "AGENT": "env", "PATH": "/opt/bin", "EMPTY": ""},
		PassEnv: []string{"AGENT", "MISSING"},
		Dir:     "/srv",
	}}
	base := Base{
		User: "u", Home: "/home/u", Shell: "/bin/sh", Vars: map[string]string{"LANG": "de", "TZ": "UTC"},
		Lookup: func(name string) (string, bool) { return "passed", name == "AGENT" },
	}
	want := []string{
		"AGENT=passed", "EMPTY=", "HOME=/home/u", "LANG=C", "LOGNAME=u", "PATH=/opt/bin", "PWD=/srv", "SHELL=/bin/sh", "TZ=UTC", "USER=u",
	}
	for range 20 {
		if diff := cmp.Diff(want, Environment(s, base)); diff != "" {
			t.Fatalf("environment (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"PATH=" + Path, "PWD=/"}, Environment(daemonry.Service{}, Base{})); diff != "" {
		t.Errorf("bare environment (-want +got):\n%s", diff)
	}
}

func TestSharedNamesHaveNoSession(t *testing.T) {
	for _, name := range []string{"XDG_SESSION_ID", "XDG_SEAT", "DISPLAY", "PATH", "HOME"} {
		if slices.Contains(SharedNames(), name) {
			t.Errorf("%s is a client's", name)
		}
	}
}

func TestExpand(t *testing.T) {
	s := daemonry.Service{
		Command:      []string{"{home}/x", "--dir={state_dir}/{version}", "{instance}{instance}", "{}", "{unknown}", "{1}", "{", "${home}"},
		ReadyCommand: []string{"/p", "{socket}:{port}"},
		Process:      daemonry.Process{Dir: "{runtime_dir}", Env: map[string]string{"A": "{home}", "B": "plain"}},
	}
	values := Values{StateDir: "/s", RuntimeDir: "/r", Instance: "{home}", Version: "1", Socket: "/k", Port: "80", Home: "/h"}
	got, err := Expand(s, values)
	if err != nil {
		t.Fatal(err)
	}
	want := daemonry.Service{
		Command:      []string{"/h/x", "--dir=/s/1", "{home}{home}", "{}", "{unknown}", "{1}", "{", "$/h"},
		ReadyCommand: []string{"/p", "/k:80"},
		Process:      daemonry.Process{Dir: "/r", Env: map[string]string{"A": "/h", "B": "plain"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("expanded (-want +got):\n%s", diff)
	}
	if s.Command[0] != "{home}/x" || s.Process.Env["A"] != "{home}" {
		t.Error("Expand changed its argument")
	}
}

func TestExpandWantsAValue(t *testing.T) {
	_, err := Expand(daemonry.Service{Command: []string{"/x", "{port}"}}, Values{Home: "/h"})
	if err == nil || !strings.Contains(err.Error(), "cannot expand command[1]: {port} has no value") {
		t.Errorf("got %v", err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"idle", "stop", "start", "stall", "max_memory", "env"}
	for word, want := range map[string]string{
		"idel": "idle", "stpo": "stop", "max_mem": "max_memory", "memory": "", "sta": "", "x": "", "enviroment": "",
		"strat": "start", "": "", "en": "env", strings.Repeat("x", 100): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	s := daemonry.Service{Command: []string{"x"}, Limits: daemonry.Limits{Idle: -1}}
	var keys []string
	for _, p := range Validate("Bad", s, "/run/d") {
		keys = append(keys, p.Key)
	}
	if want := []string{"name", "command[0]", "limits.idle"}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
	if got := Validate("good", daemonry.Service{Command: []string{"/x"}}, "/run/d"); got != nil {
		t.Errorf("got %v", got)
	}
}
