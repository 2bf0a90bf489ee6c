package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// Every command explains itself, with an example, in 80 columns.
func TestHelp(t *testing.T) {
	s := newStand(t)
	a := &app{console: s.console}
	for _, cmd := range append(a.commands(), a.root()) {
		if cmd.Long == "" || cmd.Runnable() && cmd.Example == "" {
			t.Errorf("%s: no long text or no example", cmd.Name())
		}
		if cmd.Runnable() && cmd.GroupID == "" {
			t.Errorf("%s belongs to no group", cmd.Name())
		}
		s.want(exitDone, strings.Fields("help "+strings.TrimPrefix(cmd.Name(), "daemonry"))...)
		for line := range strings.Lines(s.out.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > defaultWidth+5 {
				t.Errorf("help %s: %d columns: %s", cmd.Name(), n, line)
			}
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	s := newStand(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		s.want(exitDone, "completion", shell)
		says(t, s.out.String(), "daemonry", cobra.ShellCompRequestCmd)
	}
}

// NAME completes from the broker if one runs, else from the definitions; none is
// started.
func TestCompleteName(t *testing.T) {
	s := newStand(t)
	dir := filepath.Join(s.dirs.Config, "services")
	check(t, os.MkdirAll(dir, 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "filed.toml"), []byte("command = [\"/bin/sh\"]\ndescription = \"from a file\"\n"), 0o600))
	s.want(exitDone, cobra.ShellCompRequestCmd, "start", "")
	if got := s.out.String(); got != "filed\tfrom a file\n:4\n" {
		t.Errorf("without a broker: %q", got)
	}
	s.serve(&fakeBroker{services: []*daemonryv1.Service{{Name: "x", State: "ready"}, {Name: "y", Instance: "/a b", State: "idle"}}})
	s.want(exitDone, cobra.ShellCompRequestCmd, "start", "")
	if got := s.out.String(); got != "x\tready\ny//a b\tidle\n:4\n" {
		t.Errorf("with a broker: %q", got)
	}
	s.want(exitDone, cobra.ShellCompRequestCmd, "exec", "x", "--", "")
	says(t, s.out.String(), ":0\n") // files
	s.want(exitDone, cobra.ShellCompRequestCmd, "add", "x", "--mode", "")
	says(t, s.out.String(), "inherit\n", "proxy\n")
}

func TestVersion(t *testing.T) {
	s := newStand(t)
	s.want(exitDone, "version")
	says(t, s.out.String(), "daemonry devel (")
	s.want(exitDone, "version", "--json")
	says(t, s.out.String(), `"version":"devel"`, `"go":"go1.`)
}
