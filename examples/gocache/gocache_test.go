//go:build linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/daemonry/daemonry/examples/gocache/internal/server"
)

// allHits fails if something missed or was put since before.
func allHits(t *testing.T, what string, before, after server.Report) {
	t.Helper()
	if after.PID != before.PID {
		t.Errorf("%s: another daemon", what)
	}
	if after.Hits == before.Hits || after.Misses != before.Misses || after.Puts != before.Puts {
		t.Errorf("%s: %d hits, %d misses, %d puts; want hits only", what,
			after.Hits-before.Hits, after.Misses-before.Misses, after.Puts-before.Puts)
	}
}

// The standard library, with the daemon killed three times on the way, the last
// time with the broker: the build does not notice. The second time everything is
// a hit, and so it is for eight builds at once, which share one daemon.
func TestBuildStd(t *testing.T) {
	w := newWorld(t)
	packages, kills := "std", []int{50, 200, 400}
	if testing.Short() {
		packages, kills = "net/http", []int{20, 60, 120}
	}
	var building sync.WaitGroup
	building.Go(func() { w.silently("build", packages) })
	pids := map[int]bool{}
	for i, objects := range kills {
		w.await("objects in the store", func() bool { return w.objects() >= objects })
		pid := w.stats().PID
		pids[pid] = true
		if i == len(kills)-1 {
			w.kill(w.broker())
		}
		w.kill(pid)
	}
	building.Wait()
	before := w.stats()
	if len(pids) != len(kills) || pids[before.PID] {
		t.Errorf("daemons %v were killed, %d serves", pids, before.PID)
	}
	w.silently("build", packages)
	allHits(t, "the second build", before, w.stats())

	for range 8 {
		building.Go(func() { w.silently("build", packages) })
	}
	building.Wait()
	after := w.stats()
	allHits(t, "eight builds at once", before, after)
	if after.Damaged != 0 {
		t.Errorf("%d objects were damaged", after.Damaged)
	}
}

// broker returns the broker's process.
func (w *world) broker() int {
	w.t.Helper()
	out, err := w.command("daemonry", "status", "--json").Output()
	if err != nil {
		w.t.Fatalf("daemonry status: %v", err)
	}
	var status struct{ Broker struct{ PID int } }
	if err := json.Unmarshal(out, &status); err != nil || status.Broker.PID == 0 {
		w.t.Fatalf("daemonry status: %v: %s", err, out)
	}
	return status.Broker.PID
}

// Eight builds at once, from nothing: one broker and one daemon are started, and
// an action that two builds ran is stored once.
func TestEightBuildsFromNothing(t *testing.T) {
	w := newWorld(t)
	var building sync.WaitGroup
	for range 8 {
		building.Go(func() { w.silently("build", "./sum", "unicode/utf8", "math/bits", "container/list") })
	}
	building.Wait()
	if status := w.gocacheStatus(); status.Starts != 1 || status.Generation != 1 {
		t.Errorf("%d daemons were started: %+v", status.Starts, status)
	}
	before := w.stats()
	w.silently("build", "./sum", "unicode/utf8", "math/bits", "container/list")
	allHits(t, "after them", before, w.stats())
}

type serviceStatus struct {
	State, Status string
	Generation    uint64
	Starts        int
}

func (w *world) gocacheStatus() serviceStatus {
	w.t.Helper()
	out, err := w.command("daemonry", "status", "gocache", "--json").Output()
	var status struct{ Services []serviceStatus }
	if err == nil {
		err = json.Unmarshal(out, &status)
	}
	if err != nil || len(status.Services) != 1 {
		w.t.Fatalf("daemonry status: %v: %s", err, out)
	}
	return status.Services[0]
}

// go vet and go test find everything the second time; the test itself does not
// run again.
func TestVetAndTest(t *testing.T) {
	w := newWorld(t)
	w.silently("vet", "./...")
	if out := w.golang("test", "./sum"); strings.Contains(out, "(cached)") {
		t.Errorf("the first test was cached: %s", out)
	}
	before := w.stats()
	w.silently("vet", "./...")
	if after := w.stats(); after.Puts != before.Puts { // misses are normal: nothing is put for a vet that has nothing to say
		t.Errorf("the second go vet put %d objects", after.Puts-before.Puts)
	}
	before = w.stats()
	if out := w.golang("test", "./sum"); !strings.Contains(out, "(cached)") {
		t.Errorf("the second test was not cached: %s", out)
	}
	after := w.stats()
	if after.Hits == before.Hits || after.Misses != before.Misses {
		t.Errorf("go test: %d misses", after.Misses-before.Misses)
	}
	w.silently("clean", "-testcache")
	if out := w.golang("test", "./sum"); strings.Contains(out, "(cached)") {
		t.Errorf("the test was cached after go clean -testcache: %s", out)
	}
	w.write("sum/sum.go", "package sum\n\n// Of adds.\n//\n//go:noinline\nfunc Of(a, b int) int { return b - -a }\n")
	if out := w.golang("test", "./sum"); strings.Contains(out, "(cached)") {
		t.Errorf("the test of a changed package was cached: %s", out)
	}
}

// The daemon says what it is doing, and what it holds.
func TestStatus(t *testing.T) {
	w := newWorld(t)
	w.silently("build", "./sum")
	w.await("a status with objects", func() bool {
		status := w.gocacheStatus()
		return status.State == "ready" && strings.Contains(status.Status, "objects, ") && !strings.HasPrefix(status.Status, "0 ")
	})
}

// `go build -o` of a library moves the object's file out of the store. The next
// build does not trip over it.
func TestStolenObject(t *testing.T) {
	w := newWorld(t)
	w.silently("build", "./sum")
	before := w.objects()
	w.silently("build", "-o", filepath.Join(w.root, "sum.a"), "./sum")
	if w.objects() != before-1 {
		t.Logf("the go command copied: %d objects, %d before", w.objects(), before)
	}
	w.silently("build", "-o", filepath.Join(w.root, "again.a"), "./sum")
	w.silently("build", "./sum")
	stats := w.stats()
	w.silently("build", "./sum")
	allHits(t, "in the end", stats, w.stats())
}

// Without a broker the build goes on, and one line says so.
func TestNoBroker(t *testing.T) {
	for _, setting := range []string{"DAEMONRY=off", "DAEMONRY_BROKER=/nonexistent/daemonry"} {
		w := newWorld(t)
		w.env = append(w.env, setting, "DAEMONRY_EMBEDDED_BROKER=")
		out := w.golang("build", "./sum")
		if strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "gocache: building without the cache: ") {
			t.Errorf("%s: the build printed %q, want one line", setting, out)
		}
		w.env = w.env[:len(w.env)-2]
	}
}

// clean empties the store; after it everything is built again.
func TestClean(t *testing.T) {
	w := newWorld(t)
	w.silently("build", "./sum")
	out, err := w.command("gocache", "clean").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "deleted ") {
		t.Errorf("gocache clean: %v: %s", err, out)
	}
	before := w.stats()
	if before.Objects != 0 || before.Bytes != 0 || w.objects() != 0 {
		t.Errorf("after clean: %+v, %d files", before, w.objects())
	}
	w.silently("build", "./sum")
	if after := w.stats(); after.Misses == before.Misses || after.Objects == 0 {
		t.Errorf("after clean and a build: %+v", after)
	}
}

// A definition in the config directory wins over the program's own.
func TestLimitFromFile(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(w.root, "config", "services")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "command = [\"" + w.gocache + "\", \"daemon\", \"--dir\", \"{state_dir}\", \"--limit\", \"2GiB\"]\n"
	if err := os.WriteFile(filepath.Join(dir, "gocache.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := w.stats().Limit; got != 2<<30 {
		t.Errorf("the limit is %d", got)
	}
}

func TestUsage(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"help", 0, "go env -w GOCACHEPROG="},
		{"version", 0, "gocache "},
		{"frobnicate", 2, `no command "frobnicate"`},
		{"stats --xml", 2, "-xml"},
		{"clean all", 2, `unexpected argument "all"`},
		{"daemon --limit 0B", 2, "more than zero"},
		{"daemon --dir x", 2, "not absolute"},
	} {
		cmd := w.command("gocache", strings.Fields(c.args)...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.want) {
			t.Errorf("gocache %s: exit code %d, %q", c.args, code, out)
		}
	}
}
