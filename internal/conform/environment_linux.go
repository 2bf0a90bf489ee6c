package conform

import (
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/daemonry/daemonry/internal/record"
)

// environment is what a broker gives to a daemon: DESIGN.md §12 and §6.
func (d *daemon) environment() []string {
	l := d.trial.lab
	vars := map[string]string{"PATH": "/usr/local/bin:/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": "/"}
	if u, err := user.Current(); err == nil {
		vars["USER"], vars["LOGNAME"], vars["HOME"] = u.Username, u.Username, u.HomeDir
	}
	for _, name := range shared() {
		if value := os.Getenv(name); value != "" {
			vars[name] = value
		}
	}
	for _, entry := range l.t.Env {
		name, value, _ := strings.Cut(entry, "=")
		vars[name] = strings.ReplaceAll(value, socketWord, d.given)
	}
	vars["PWD"] = l.t.Dir
	if l.t.Dir == "" {
		vars["PWD"] = "/"
	}
	d.introduce(vars)
	env := make([]string, 0, len(vars))
	for name, value := range vars {
		env = append(env, name+"="+value)
	}
	return env
}

// shared are variables that a broker hands on.
func shared() []string {
	return []string{
		"LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS",
		"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CACHE_HOME",
		"DAEMONRY_RUNTIME_DIR", "DAEMONRY_CONFIG_DIR", "DAEMONRY_STATE_DIR", "DAEMONRY_DOMAIN", "DAEMONRY_BROKER",
	}
}

// introduce tells the daemon who it is. LISTEN_PID is set at the gate.
func (d *daemon) introduce(vars map[string]string) {
	l := d.trial.lab
	if d.trial.listener != nil {
		vars["LISTEN_FDS"], vars["LISTEN_FDNAMES"] = "1", "unix"
	}
	vars["NOTIFY_SOCKET"] = d.notes.socket.Path()
	vars["DAEMONRY_SERVICE"], vars["DAEMONRY_VERSION"], vars["DAEMONRY_INSTANCE"] = service, "", ""
	vars["DAEMONRY_GENERATION"] = strconv.FormatUint(d.generation, 10)
	vars["DAEMONRY_ENDPOINT"] = d.given
	vars["DAEMONRY_RECORD"] = record.Path(l.private, service, d.generation)
}
