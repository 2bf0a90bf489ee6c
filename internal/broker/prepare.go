package broker

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
)

// prepare leaves the starter's surroundings behind (P12) and makes the
// directories. Signals that the starter ignored are dealt with at every start of
// a daemon, by internal/process.
func prepare() (endpoint.Dirs, error) {
	keep := []int{}
	if os.Getenv(inheritVariable) == "1" {
		keep = append(keep, controlFD, lockFD)
	}
	if err := process.CloseInherited(keep...); err != nil {
		return endpoint.Dirs{}, fmt.Errorf("cannot close inherited descriptors: %w", err)
	}
	setUmask(0o077)
	dirs, err := endpoint.Locate()
	if err != nil {
		return dirs, err
	}
	if err := os.Chdir("/"); err != nil {
		return dirs, fmt.Errorf("cannot leave the working directory: %w", err)
	}
	for _, dir := range []string{
		dirs.Runtime, dirs.Private(""), dirs.State,
		filepath.Join(dirs.State, "logs"), filepath.Join(dirs.State, "data"),
	} {
		if err := endpoint.EnsureDir(dir); err != nil {
			return dirs, err
		}
	}
	return dirs, nil
}

func newLogger(opt Options) *slog.Logger {
	w := opt.Log
	if w == nil {
		w = os.Stderr
	}
	return slog.New(slog.NewTextHandler(w, nil))
}
