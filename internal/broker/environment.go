package broker

import (
	"os"
	"os/user"

	"github.com/daemonry/daemonry/internal/definition"
)

// ours are the variables that say which broker is meant. A daemon has them so
// that it, or its children, may be clients of the broker that started it.
func ours() []string {
	return []string{
		"DAEMONRY_RUNTIME_DIR", "DAEMONRY_CONFIG_DIR", "DAEMONRY_STATE_DIR",
		"DAEMONRY_DOMAIN", "DAEMONRY_BROKER", "DAEMONRY_EMBEDDED_BROKER",
	}
}

// baseEnvironment is what every daemon gets, whoever came first (P12).
func baseEnvironment() definition.Base {
	base := definition.Base{Home: homeDir(), Shell: "/bin/sh", Vars: map[string]string{}, Lookup: os.LookupEnv}
	if u, err := user.Current(); err == nil {
		base.User = u.Username
		if shell, err := loginShell(u.Username); err == nil {
			base.Shell = shell
		}
	}
	for _, name := range append(definition.SharedNames(), ours()...) {
		if value, ok := os.LookupEnv(name); ok {
			base.Vars[name] = value
		}
	}
	return base
}

// homeDir is the user's, from the user database: HOME in the environment may be
// anybody's.
func homeDir() string {
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		return u.HomeDir
	}
	return "/"
}
