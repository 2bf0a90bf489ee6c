package record

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry/internal/process"
)

func example(generation uint64) Record {
	return Record{
		Service: "gocache", Version: "1.4.0", Generation: generation, Phase: Starting,
		Identity: process.Identity{PID: 4711, Start: 12345, Boot: "boot", PIDNS: 4026531836}, UID: os.Geteuid(),
		Endpoint: "/run/user/0/daemonry/gocache.sock", Mode: "inherit", Command: []string{"/usr/bin/gocached", "--dir", "/x"},
		Listeners: []Listener{{Name: "gocache", Network: "unix", Address: "/run/user/0/daemonry/gocache.sock"}},
		CreatedAt: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC), BindMicros: 85,
	}
}

func write(t *testing.T, dir, key string, r Record) {
	t.Helper()
	if err := Write(dir, key, r); err != nil {
		t.Fatal(err)
	}
}

func TestWriteThenRead(t *testing.T) {
	dir := t.TempDir()
	want := example(7)
	write(t, dir, "gocache", want)
	want.Schema = Schema
	got, err := Read(Path(dir, "gocache", 7))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	data, err := os.ReadFile(Path(dir, "gocache", 7))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"pid": 4711`, `"start_time": 12345`, `"boot_id"`, `"pid_ns"`, `"bind_us": 85`, `"schema": 1`} {
		if !strings.Contains(string(data), name) {
			t.Errorf("no %s in %s", name, data)
		}
	}
}

func TestWriteLeavesOneWholePrivateFile(t *testing.T) {
	dir := t.TempDir()
	for _, phase := range []Phase{Starting, Bound} {
		r := example(1)
		r.Phase = phase
		write(t, dir, "gocache", r)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "gocache.1.json" {
		t.Fatalf("files %v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestWriteRefusesWhatReadWould(t *testing.T) {
	for name, spoil := range map[string]func(*Record){
		"no service":    func(r *Record) { r.Service = "" },
		"no generation": func(r *Record) { r.Generation = 0 },
		"no process":    func(r *Record) { r.PID = 0 },
		"every process": func(r *Record) { r.PID = -1 },
		"no start time": func(r *Record) { r.Start = 0 },
		"no boot":       func(r *Record) { r.Boot = "" },
		"odd phase":     func(r *Record) { r.Phase = "../x" },
		"too large":     func(r *Record) { r.Command = []string{strings.Repeat("x", MaxSize)} },
	} {
		dir, r := t.TempDir(), example(1)
		spoil(&r)
		if err := Write(dir, "gocache", r); err == nil {
			t.Errorf("%s was written", name)
		}
		if files, _ := os.ReadDir(dir); len(files) != 0 {
			t.Errorf("%s left %v", name, files)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good, err := os.ReadFile(writtenExample(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":        "",
		"truncated":    string(good[:len(good)/2]),
		"trailing":     string(good) + "{}",
		"not a record": "[]",
		"other schema": strings.Replace(string(good), `"schema": 1`, `"schema": 2`, 1),
		"group 1":      strings.Replace(string(good), `"pid": 4711`, `"pid": -4711`, 1),
		"large":        string(good) + strings.Repeat(" ", MaxSize),
		"wrong type":   strings.Replace(string(good), `"pid": 4711`, `"pid": "4711"`, 1),
	} {
		path := filepath.Join(t.TempDir(), "gocache.1.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if r, err := Read(path); !errors.As(err, &corrupt) || corrupt.Path != path {
			t.Errorf("%s: got %+v, %v, want a CorruptError", name, r, err)
		}
	}
}

func writtenExample(t *testing.T) string {
	dir := t.TempDir()
	write(t, dir, "gocache", example(1))
	return Path(dir, "gocache", 1)
}

func TestReadSaysMissing(t *testing.T) {
	if _, err := Read(filepath.Join(t.TempDir(), "x.1.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestListPairsRecordsAndLocks(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "gocache", example(2))
	write(t, dir, "gocache@0123456789", example(10))
	lock, err := Create(dir, "gocache", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	alone, err := Create(dir, "gocache", 3)
	if err != nil {
		t.Fatal(err)
	}
	defer alone.Close()
	for name, text := range map[string]string{
		"other.4.json": "{", "moved.1.json": "", "gocache.02.json": "{}", "gocache.0.json": "{}", "lock": "", "control.sock": "",
		"gocache.5.json.tmp-123": "", "UPPER.1.json": "{}", "x@zz.1.json": "{}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(Path(dir, "gocache", 2), filepath.Join(dir, "moved.1.json")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "gocache", example(2))

	entries, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		got[filepath.Base(e.Path)] = kindOf(e.Err)
		if e.Err == nil && (e.Record.Service != "gocache" || e.Record.Generation != e.Generation) {
			t.Errorf("%+v", e)
		}
	}
	want := map[string]string{
		"gocache.2.json": "fine", "gocache@0123456789.10.json": "fine", "gocache.3.json": "no record",
		"other.4.json": "corrupt", "moved.1.json": "corrupt",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if h := Highest(entries, "gocache"); h != 3 {
		t.Errorf("highest %d, want 3 (the lock alone counts)", h)
	}
	if h := Highest(entries, "nobody"); h != 0 {
		t.Errorf("highest of nobody %d", h)
	}
}

func kindOf(err error) string {
	var corrupt *CorruptError
	switch {
	case err == nil:
		return "fine"
	case errors.As(err, &corrupt):
		return "corrupt"
	case errors.Is(err, ErrNoRecord):
		return "no record"
	}
	return err.Error()
}

func TestRemoveTakesAllOfOneGenerationOnly(t *testing.T) {
	dir := t.TempDir()
	for _, generation := range []uint64{1, 11} {
		write(t, dir, "gocache", example(generation))
		lock, err := Create(dir, "gocache", generation)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
	}
	if err := os.WriteFile(filepath.Join(dir, "gocache.1.json.tmp-99"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to remove
		if err := Remove(dir, "gocache", 1); err != nil {
			t.Fatal(err)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	want := []string{Path(dir, "gocache", 11), LockPath(dir, "gocache", 11)}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
}

func TestParsePath(t *testing.T) {
	dir, key, generation, ok := ParsePath("/run/d/broker.d/a-b@00112233ff.42.json")
	if !ok || dir != "/run/d/broker.d" || key != "a-b@00112233ff" || generation != 42 {
		t.Errorf("%q %q %d %v", dir, key, generation, ok)
	}
	for _, bad := range []string{"", "/x/a.json", "/x/a.0.json", "/x/a.1.lock", "/x/.1.json", "/x/a.+1.json"} {
		if _, _, _, ok := ParsePath(bad); ok {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":1,"service":"x","generation":1,"phase":"bound","pid":1,"start_time":1,"boot_id":"b","uid":0}`))
	f.Add([]byte(`{"schema":1}`))
	f.Add([]byte("\x00"))
	path := filepath.Join(f.TempDir(), "x.1.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Read(path)
		if err != nil {
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Errorf("%v is no CorruptError", err)
			}
			return
		}
		if r.PID <= 0 || r.Generation == 0 || !validService(r.Service) {
			t.Errorf("accepted %+v", r)
		}
	})
}
