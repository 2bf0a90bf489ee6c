package definition

import (
	"slices"
	"strings"

	"github.com/daemonry/daemonry"
)

// Path is every daemon's PATH unless its definition sets another (DESIGN §12).
const Path = "/usr/local/bin:/usr/bin:/bin"

// Base is what a daemon's environment starts from.
type Base struct {
	User  string // USER and LOGNAME
	Home  string // HOME
	Shell string // SHELL
	// Vars are further variables, as the broker resolved them: see SharedNames.
	Vars map[string]string
	// Lookup returns a variable of the broker's own environment, for pass_env;
	// nil: none is set.
	Lookup func(name string) (string, bool)
}

// SharedNames are the variables that a broker hands on to daemons if it has
// them itself: language, time zone, and the user's directories. The variables
// of a login session (XDG_SESSION_ID and the like) are not among them, for a
// daemon outlives the session that first asked for it.
func SharedNames() []string {
	return []string{
		"LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS",
		"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CACHE_HOME",
	}
}

// Environment returns a daemon's environment, sorted by name: base, then env,
// then those of pass_env that base.Lookup has, the later winning; and PWD, which
// is the daemon's directory. What a start adds (LISTEN_FDS and so on) is not in
// it. Empty variables of base are left out.
func Environment(s daemonry.Service, base Base) []string {
	vars := map[string]string{"PATH": Path}
	for name, value := range base.Vars {
		vars[name] = value
	}
	for name, value := range map[string]string{"USER": base.User, "LOGNAME": base.User, "HOME": base.Home, "SHELL": base.Shell} {
		if value != "" {
			vars[name] = value
		}
	}
	for name, value := range s.Process.Env {
		vars[name] = value
	}
	for _, name := range s.Process.PassEnv {
		if base.Lookup == nil {
			break
		}
		if value, ok := base.Lookup(name); ok {
			vars[name] = value
		}
	}
	// dash sets PWD itself; a stale one would lie to whoever trusts it.
	vars["PWD"] = s.Process.Dir
	if s.Process.Dir == "" {
		vars["PWD"] = "/"
	}
	return sorted(vars)
}

func sorted(vars map[string]string) []string {
	env := make([]string, 0, len(vars))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// ofStart reports whether the broker sets the variable anew for every start.
func ofStart(name string) bool {
	switch name {
	case "PWD", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID",
		"DAEMONRY_SERVICE", "DAEMONRY_VERSION", "DAEMONRY_INSTANCE", "DAEMONRY_GENERATION",
		"DAEMONRY_ENDPOINT", "DAEMONRY_RECORD", "DAEMONRY_INHERIT":
		return true
	}
	return false
}

func (c *checker) environment(p daemonry.Process) {
	for name, value := range p.Env {
		key := join("process.env", name)
		c.variable(key, name)
		if c.argument(key, value) {
			c.placeholders(key, value, Words())
		}
	}
	for i, name := range p.PassEnv {
		c.variable(element("process.pass_env", i), name)
	}
}

// variable refuses names that are not identifiers: dash, which opens the gate,
// drops such variables without a word (DESIGN §6).
func (c *checker) variable(key, name string) {
	switch {
	case !isIdentifier(name):
		c.refuse(key, "%q is not a variable's name: letters, digits and '_' are allowed, and no digit first", shorten(name))
	case ofStart(name):
		c.refuse(key, "%s is set by the broker at every start and cannot be set here", name)
	}
}

func isIdentifier(name string) bool {
	ok := name != "" && (name[0] < '0' || name[0] > '9')
	return ok && !strings.ContainsFunc(name, func(r rune) bool {
		return r > 127 || !isLetter(byte(r)) && (r < '0' || r > '9') && r != '_'
	})
}
