package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/daemonry/daemonry"
)

// world is private directories with both caches in them.
type world struct {
	root    string
	program string
}

func newWorld() (*world, error) {
	root, err := os.MkdirTemp("", "gcb") // short: sun_path
	if err != nil {
		return nil, err
	}
	w := &world{root: root, program: filepath.Join(root, "gocache")}
	build := exec.Command("go", "build", "-o", w.program, "github.com/daemonry/daemonry/examples/gocache")
	if out, err := build.CombinedOutput(); err != nil {
		os.RemoveAll(root)
		return nil, fmt.Errorf("cannot build gocache: %w: %s", err, out)
	}
	w.enter()
	return w, nil
}

// enter makes this process, and all that it starts, live in the world.
func (w *world) enter() {
	for name, value := range map[string]string{
		"DAEMONRY":             "on",
		"DAEMONRY_DOMAIN":      "",
		"DAEMONRY_BROKER":      "",
		"DAEMONRY_RUNTIME_DIR": filepath.Join(w.root, "run"),
		"DAEMONRY_CONFIG_DIR":  filepath.Join(w.root, "config"),
		"DAEMONRY_STATE_DIR":   filepath.Join(w.root, "state"),
		"GOCACHE":              filepath.Join(w.root, "own"),
		"GOTOOLCHAIN":          "local",
	} {
		os.Setenv(name, value)
	}
}

// close ends the daemon and its broker and removes everything.
func (w *world) close() {
	if err := shutdown(); err != nil && daemonry.CodeOf(err) != daemonry.CodeBrokerUnavailable {
		fmt.Fprintln(os.Stderr, "cannot end the broker:", err)
	}
	os.RemoveAll(w.root)
}

func (w *world) build(prog, packages string) (time.Duration, error) {
	cmd := exec.Command("go", append([]string{"build"}, strings.Fields(packages)...)...)
	cmd.Env = append(os.Environ(), "GOCACHEPROG="+prog)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil || len(out) > 0 {
		return 0, fmt.Errorf("go build %s with GOCACHEPROG=%q: %v: %s", packages, prog, err, out)
	}
	return took, nil
}

func (w *world) own(packages string) (time.Duration, error) { return w.build("", packages) }

func (w *world) gocache(packages string) (time.Duration, error) {
	return w.build(w.program, packages)
}

// fill builds what is not there yet, twice: the second time puts what cmd/go
// does not store for files that are very new.
func (w *world) fill(packages string) error {
	for range 2 {
		if _, err := w.own(packages); err != nil {
			return err
		}
		if _, err := w.gocache(packages); err != nil {
			return err
		}
	}
	return nil
}

// first ends the daemon and measures the build that starts the next one, then
// builds once more for the daemon to publish its view.
func (w *world) first(packages string) (float64, error) {
	c, err := w.counters()
	if err != nil {
		return 0, err
	}
	if err := terminate(c.PID); err != nil {
		return 0, err
	}
	took, err := w.gocache(packages)
	if err == nil {
		_, err = w.gocache(packages)
	}
	return milliseconds(took), err
}

// counters are the daemon's.
type counters struct {
	PID    int   `json:"pid"`
	Hits   int64 `json:"hits"`
	Misses int64 `json:"misses"`
	Puts   int64 `json:"puts"`
}

func (w *world) counters() (counters, error) {
	out, err := exec.Command(w.program, "stats", "--json").Output()
	var c counters
	if err == nil {
		err = json.Unmarshal(out, &c)
	}
	if err != nil {
		return c, fmt.Errorf("gocache stats: %w", err)
	}
	return c, nil
}
