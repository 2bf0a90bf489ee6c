package endpoint

import (
	"os"
	"path/filepath"
	"strconv"
)

// defaultRuntime uses TMPDIR, which launchd sets to a private directory of the
// user's. Compiled, not run.
func defaultRuntime() (location, error) {
	if dir := absolute("TMPDIR"); dir != "" {
		return location{dir, "/daemonry"}, nil
	}
	return location{"/tmp/daemonry-", strconv.Itoa(os.Geteuid())}, nil
}

func defaultConfig() (string, error) { return library("Application Support") }

func defaultState() (string, error) { return library("Logs") }

func library(name string) (string, error) {
	dir, err := home()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "Library", name, "daemonry"), nil
}
