//go:build linux

package daemonry

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/daemonry/daemonry/internal/endpoint"
)

func TestStaleControlSocket(t *testing.T) {
	dirs := useBroker(t, "serve")
	if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
		t.Fatal(err)
	}
	l, err := endpoint.ListenUnix(dirs.Control(), 1)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := dialEcho(); err != nil {
		t.Error(err)
	}
}

// TestHostileControlSocket: what is not ours is refused and left alone (S14).
func TestHostileControlSocket(t *testing.T) {
	wantNoLeak(t)
	for name, create := range map[string]func(path string) error{
		"regular file":  func(p string) error { return os.WriteFile(p, []byte("precious"), 0o600) },
		"directory":     func(p string) error { return os.Mkdir(p, 0o700) },
		"dangling link": func(p string) error { return os.Symlink(p+".victim", p) },
		"link to a file": func(p string) error {
			return errors.Join(os.WriteFile(p+".file", nil, 0o600), os.Symlink(p+".file", p))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dirs := useBroker(t, "serve")
			if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
				t.Fatal(err)
			}
			if err := create(dirs.Control()); err != nil {
				t.Fatal(err)
			}
			wantError(t, dialEcho(), CodeUnsafeEndpoint, dirs.Control()+" is unsafe")
			if _, err := os.Lstat(dirs.Control()); err != nil {
				t.Errorf("it was touched: %v", err)
			}
			if starts := started(t, dirs); len(starts) > 0 {
				t.Errorf("%d brokers were started", len(starts))
			}
		})
	}
}

// TestHostileStartLog: the starter must not write through a link.
func TestHostileStartLog(t *testing.T) {
	dirs := useBroker(t, "serve")
	if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
		t.Fatal(err)
	}
	victim := dirs.Private("victim")
	if err := errors.Join(os.WriteFile(victim, []byte("precious"), 0o600), os.Symlink(victim, dirs.StartLog())); err != nil {
		t.Fatal(err)
	}
	if err := dialEcho(); err == nil {
		t.Error("a broker was started with a link as its output")
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
		t.Errorf("the victim is %q, %v", text, err)
	}
	if _, err := os.Lstat(dirs.Control()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a control socket was left behind: %v", err)
	}
}

func TestBrokerNotFound(t *testing.T) {
	wantNoLeak(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "plain")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	relative := t.TempDir()
	if err := os.WriteFile(filepath.Join(relative, "daemonry"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(relative)
	for name, tt := range map[string]struct{ broker, path, want string }{
		"none":            {"", "/nonexistent", "daemonry is neither beside this program nor in a directory of PATH"},
		"none, and where": {"", "/nonexistent", `nor in a directory of PATH: install daemonry, or set DAEMONRY_BROKER`},
		"relative PATH":   {"", ".::", "none was found to start"},
		"missing":         {"/nonexistent/broker", "", "DAEMONRY_BROKER names cannot be started: stat /nonexistent/broker"},
		"relative":        {"daemonry", "", "daemonry is not an absolute path"},
		"directory":       {dir, "", "is not a regular file"},
		"not executable":  {script, "", "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			runtime := runtimeDir(t)
			t.Setenv("DAEMONRY_BROKER", tt.broker)
			t.Setenv("PATH", tt.path)
			_, err := Dial(t.Context(), "echo")
			wantError(t, err, CodeBrokerUnavailable, tt.want)
			if entries, err := os.ReadDir(runtime); err != nil || len(entries) > 0 {
				t.Errorf("it left %v behind, %v", entries, err)
			}
		})
	}
}

// TestBrokerFound is the order of the places.
func TestBrokerFound(t *testing.T) {
	runtimeDir(t)
	first, second := t.TempDir(), t.TempDir()
	for _, path := range []string{second + "/daemonry", second + "/other"} {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "relative:"+first+":"+second)
	if got, err := brokerProgram(); got != second+"/daemonry" || err != nil {
		t.Errorf("on the PATH it is %s, %v", got, err)
	}
	t.Setenv("DAEMONRY_BROKER", second+"/other")
	if got, err := brokerProgram(); got != second+"/other" || err != nil {
		t.Errorf("with DAEMONRY_BROKER it is %s, %v", got, err)
	}
}

func TestNoStart(t *testing.T) {
	wantNoLeak(t)
	dirs := useBroker(t, "serve")
	for name, call := range map[string]func() error{
		"dial":              func() error { return closed(Dial(t.Context(), "echo", NoStart())) },
		"resolve":           func() error { _, err := Resolve(t.Context(), "echo", NoStart()); return err },
		"reach the broker:": func() error { return closed(DialBroker(t.Context(), NoStart())) },
	} {
		wantError(t, call(), CodeBrokerUnavailable, "cannot "+name)
	}
	if entries, err := os.ReadDir(dirs.Runtime); err != nil || len(entries) > 0 {
		t.Errorf("it left %v behind, %v", entries, err)
	}
	if err := dialEcho(); err != nil {
		t.Fatal(err)
	}
	if err := closed(Dial(t.Context(), "other", NoStart())); err != nil {
		t.Errorf("with a broker that runs: %v", err)
	}
}

func closed(conn net.Conn, err error) error {
	if err == nil {
		conn.Close()
	}
	return err
}
