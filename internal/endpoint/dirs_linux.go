package endpoint

import (
	"os"
	"path/filepath"
	"strconv"
)

// defaultRuntime does not look whether $XDG_RUNTIME_DIR exists: a client in
// another language must come to the same path from the environment alone. TMPDIR
// is not asked either, for all clients of a user must agree (S32).
func defaultRuntime() (location, error) {
	if dir := absolute("XDG_RUNTIME_DIR"); dir != "" {
		return location{dir, "/daemonry"}, nil
	}
	return location{"/tmp/daemonry-", strconv.Itoa(os.Geteuid())}, nil
}

func defaultConfig() (string, error) { return xdg("XDG_CONFIG_HOME", ".config") }

func defaultState() (string, error) { return xdg("XDG_STATE_HOME", ".local/state") }

func xdg(variable, below string) (string, error) {
	if dir := absolute(variable); dir != "" {
		return filepath.Join(dir, "daemonry"), nil
	}
	dir, err := home()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, below, "daemonry"), nil
}
