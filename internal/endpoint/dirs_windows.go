package endpoint

import (
	"errors"
	"path/filepath"
)

// Compiled, not run. Sockets are named pipes (see Path); the runtime directory
// holds locks and records.
func defaultRuntime() (location, error) {
	dir, err := profile("LOCALAPPDATA", `daemonry\run`)
	return location{root: dir}, err
}

func defaultConfig() (string, error) { return profile("APPDATA", "daemonry") }

func defaultState() (string, error) { return profile("LOCALAPPDATA", `daemonry\state`) }

func profile(variable, below string) (string, error) {
	dir := absolute(variable)
	if dir == "" {
		return "", errors.New("cannot find the user's directories: " + variable + " is not set")
	}
	return filepath.Join(dir, below), nil
}
