//go:build linux

package endpoint

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
)

// cleanEnv unsets everything that Locate looks at, and sets vars.
func cleanEnv(t *testing.T, vars map[string]string) {
	t.Helper()
	for _, name := range []string{
		"DAEMONRY_RUNTIME_DIR", "DAEMONRY_CONFIG_DIR", "DAEMONRY_STATE_DIR", "DAEMONRY_DOMAIN",
		"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "TMPDIR",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", "/nonexistent-home")
	for name, value := range vars {
		t.Setenv(name, value)
	}
}

func TestLocate(t *testing.T) {
	fallback := fmt.Sprintf("/tmp/daemonry-%d", os.Geteuid())
	for name, tt := range map[string]struct {
		env  map[string]string
		want Dirs
	}{
		"nothing set": {
			nil,
			Dirs{Runtime: fallback, Config: "/nonexistent-home/.config/daemonry", State: "/nonexistent-home/.local/state/daemonry"},
		},
		"TMPDIR means nothing (S32)": {
			map[string]string{"TMPDIR": "/var/tmp"},
			Dirs{Runtime: fallback, Config: "/nonexistent-home/.config/daemonry", State: "/nonexistent-home/.local/state/daemonry"},
		},
		"XDG": {
			map[string]string{"XDG_RUNTIME_DIR": "/nonexistent/r", "XDG_CONFIG_HOME": "/nonexistent/c/", "XDG_STATE_HOME": "/nonexistent/s"},
			Dirs{Runtime: "/nonexistent/r/daemonry", Config: "/nonexistent/c/daemonry", State: "/nonexistent/s/daemonry"},
		},
		"relative XDG is ignored": {
			map[string]string{"XDG_RUNTIME_DIR": "r", "XDG_CONFIG_HOME": "c", "XDG_STATE_HOME": "./s"},
			Dirs{Runtime: fallback, Config: "/nonexistent-home/.config/daemonry", State: "/nonexistent-home/.local/state/daemonry"},
		},
		"overrides win, domain below each": {
			map[string]string{
				"XDG_RUNTIME_DIR": "/nonexistent/r", "DAEMONRY_DOMAIN": "ci-untrusted",
				"DAEMONRY_RUNTIME_DIR": "/nonexistent/a/", "DAEMONRY_CONFIG_DIR": "/nonexistent/x/../b", "DAEMONRY_STATE_DIR": "/nonexistent/c",
			},
			Dirs{
				Runtime: "/nonexistent/a/ci-untrusted", Config: "/nonexistent/b/ci-untrusted", State: "/nonexistent/c/ci-untrusted",
				Domain: "ci-untrusted",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cleanEnv(t, tt.env)
			got, err := Locate()
			if err != nil || got != tt.want {
				t.Errorf("Locate() = %+v, %v\nwant %+v", got, err, tt.want)
			}
			runtime, err := Runtime()
			if err != nil || runtime != tt.want.Runtime {
				t.Errorf("Runtime() = %q, %v, want %q", runtime, err, tt.want.Runtime)
			}
			path, err := Find("x", "", "i")
			if want := tt.want.Runtime + "/" + Key("x", "", "i") + ".sock"; err != nil || path != want {
				t.Errorf("Find() = %q, %v, want %q", path, err, want)
			}
		})
	}
}

func TestLocateWithoutHome(t *testing.T) {
	cleanEnv(t, map[string]string{"HOME": ""})
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Locate()
	if want := filepath.Join(u.HomeDir, ".config/daemonry"); err != nil || got.Config != want {
		t.Errorf("Locate() = %+v, %v, want Config %s", got, err, want)
	}
}

func TestLocateRefusesSettings(t *testing.T) {
	for variable, value := range map[string]string{
		"DAEMONRY_RUNTIME_DIR": "run", "DAEMONRY_CONFIG_DIR": "./c", "DAEMONRY_STATE_DIR": "~/s", "DAEMONRY_DOMAIN": "../up",
	} {
		t.Run(variable, func(t *testing.T) {
			cleanEnv(t, map[string]string{variable: value})
			_, err := Locate()
			if e, ok := err.(*SettingError); !ok || e.Name != variable || e.Value != value {
				t.Errorf("error is %T %v, want a *SettingError for %s", err, err, variable)
			}
		})
	}
}

func TestLocateRefusesForeignDirectories(t *testing.T) {
	needRoot(t)
	home := shortDir(t)
	giveAway(t, home)
	own := shortDir(t)
	foreign := filepath.Join(own, "theirs")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	giveAway(t, foreign)
	link := filepath.Join(own, "link")
	if err := os.Symlink(foreign, link); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{
		"a home kept by sudo, nothing in it yet": {"HOME": home},
		"a runtime directory kept by sudo":       {"XDG_RUNTIME_DIR": home},
		"a directory that exists":                {"DAEMONRY_CONFIG_DIR": foreign},
		"a link to it":                           {"DAEMONRY_CONFIG_DIR": link},
	} {
		t.Run(name, func(t *testing.T) {
			cleanEnv(t, env)
			_, err := Locate()
			wantUnsafe(t, err, "it belongs to uid 12345, this process is uid 0")
		})
	}
}

// locateMixed runs Locate with a real uid that is not the effective one.
func locateMixed([]string) error {
	if err := syscall.Setreuid(stranger, 0); err != nil {
		return nil // the test expects an error
	}
	_, err := Locate()
	return err
}

func TestLocateRefusesMixedIdentity(t *testing.T) {
	needRoot(t)
	got, err := output(t, childProcess(t, "locate-mixed", 0))
	if want := "unsafe: real uid 12345 and effective uid 0 differ"; err == nil || got != want {
		t.Errorf("the child says %q (%v), want %q", got, err, want)
	}
}

func TestDirsPlaces(t *testing.T) {
	d := Dirs{Runtime: "/r"}
	for want, got := range map[string]string{
		"/r/broker.d/control.sock": d.Control(), "/r/broker.d/lock": d.Lock(), "/r/broker.d/start.log": d.StartLog(),
		"/r/broker.d/session": d.Session(), "/r/broker.d/x.1.json": d.Private("x.1.json"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
