package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daemonry/daemonry"
)

const minimal = "command = [\"/usr/bin/x\"]\n"

// places makes a config directory and a system directory of the test's own.
func places(t *testing.T) Sources {
	t.Helper()
	base := t.TempDir()
	return Sources{Config: filepath.Join(base, "config"), System: []string{filepath.Join(base, "system")}, Runtime: "/run/d", root: uint32(os.Geteuid())}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s Sources) own(elem ...string) string {
	return filepath.Join(append([]string{s.Services()}, elem...)...)
}

func (s Sources) system(elem ...string) string {
	return filepath.Join(append([]string{s.System[0]}, elem...)...)
}

// both loads name alone and with all others, and wants the same of both.
func both(t *testing.T, src Sources, name string) (Definition, error) {
	t.Helper()
	def, err := Load(src, name)
	defs, refused := LoadAll(src)
	fromAll, ok := defs[name]
	switch {
	case err == nil && !ok:
		t.Errorf("LoadAll lacks %s: %v", name, refused)
	case err == nil && !cmp.Equal(def, fromAll):
		t.Errorf("Load and LoadAll differ:\n%s", cmp.Diff(def, fromAll))
	case err != nil && ok:
		t.Errorf("LoadAll takes what Load refuses: %v", err)
	case err != nil && daemonry.CodeOf(err) == daemonry.CodeInvalidDefinition:
		if i := slices.IndexFunc(refused, func(r Refusal) bool { return r.Name == name || r.Name == "" }); i < 0 || refused[i].Err.Error() != err.Error() {
			t.Errorf("Load: %v\nLoadAll: %v", err, refused)
		}
	}
	return def, err
}

func TestDropInsMerge(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal+`
limits = { idle = "1m", stop = "2s" }
process = { pass_env = ["A", "B"], env = { ONE = "1", TWO = "2" } }
`)
	write(t, src.own("x.d", "20-b.toml"), "limits.idle = \"3m\"\nprocess.env.TWO = \"b\"\n")
	write(t, src.own("x.d", "10-a.toml"), "limits.idle = \"2m\"\nprocess.env.TWO = \"a\"\nprocess.env.THREE = \"3\"\nprocess.pass_env = [\"C\"]\n")
	write(t, src.own("x.d", ".hidden.toml"), "nonsense")
	write(t, src.own("x.d", "notes.txt"), "nonsense")
	def, err := both(t, src, "x")
	if err != nil {
		t.Fatal(err)
	}
	text, err := Format(def.Service)
	if err != nil {
		t.Fatal(err)
	}
	want := minimal + `
[limits]
stop = "2s"
idle = "3m"

[process]
pass_env = ["C"]

[process.env]
ONE = "1"
THREE = "3"
TWO = "b"
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if want := []string{src.own("x.d", "10-a.toml"), src.own("x.d", "20-b.toml")}; !slices.Equal(def.DropIns, want) {
		t.Errorf("drop-ins %v, want %v", def.DropIns, want)
	}
}

func TestRefusalNamesTheDropIn(t *testing.T) {
	src := places(t)
	base := write(t, src.own("x.toml"), minimal+"[restart]\nbackoff_max = \"1s\"\nbackoff_mix = \"1s\"\n")
	first := write(t, src.own("x.d", "1.toml"), "\nmode = \"bound\"\n")
	second := write(t, src.own("x.d", "2.toml"), "\n\nlimits.open_files = 3\n")
	_, err := both(t, src, "x")
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%T %v", err, err)
	}
	var got []string
	for _, p := range e.Problems() {
		got = append(got, fmt.Sprintf("%s:%d %s", p.File, p.Line, p.Key))
	}
	want := []string{base + ":4 restart.backoff_mix", first + ":2 mode", second + ":3 limits.open_files"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// What two files say together is told where it was said last.
func TestRelationIsToldAtTheLastWord(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal+"[restart]\nbackoff_min = \"20s\"\n")
	drop := write(t, src.own("x.d", "1.toml"), "# shorter\nrestart.backoff_max = \"10s\"\n")
	_, err := both(t, src, "x")
	if err == nil || !strings.HasPrefix(err.Error(), drop+":2:9: restart.backoff_max: 10s is less than backoff_min, which is 20s") {
		t.Errorf("got %v", err)
	}
}

// Only what is in force is judged, and told where it was set.
func TestBadValueIsToldWhereItWasSetLast(t *testing.T) {
	src := places(t)
	base := write(t, src.own("x.toml"), minimal+"[process]\numask = \"999\"\n")
	drop := write(t, src.own("x.d", "1.toml"), "process.umask = \"022\"\n")
	if _, err := both(t, src, "x"); err != nil {
		t.Errorf("the drop-in mends the file, and still: %v", err)
	}
	write(t, base, minimal+"[process]\numask = \"022\"\n")
	write(t, drop, "process.umask = \"999\"\n")
	if _, err := both(t, src, "x"); err == nil || !strings.HasPrefix(err.Error(), drop+":1:9: process.umask") {
		t.Errorf("got %v", err)
	}
}

func TestConfigWinsWhole(t *testing.T) {
	src := places(t)
	write(t, src.system("x.toml"), minimal+"mode = \"bind\"\n")
	write(t, src.system("x.d", "1.toml"), "description = \"system drop-in\"\n")
	own := write(t, src.own("x.toml"), "command = [\"/usr/bin/mine\"]\n")
	def, err := both(t, src, "x")
	if err != nil {
		t.Fatal(err)
	}
	if def.File != own || def.Service.Mode != "" || def.Service.Description != "" {
		t.Errorf("something of the system's came through: %+v", def)
	}
	write(t, own, "broken")
	if def, err := both(t, src, "x"); err == nil {
		t.Errorf("a refused definition let the system's through: %+v", def)
	}
}

func TestUserDropInOverSystemDefinition(t *testing.T) {
	src := places(t)
	file := write(t, src.system("x.toml"), minimal)
	write(t, src.system("x.d", "9.toml"), "description = \"system\"\nversion = \"1\"\n")
	write(t, src.own("x.d", "1.toml"), "description = \"mine\"\n")
	def, err := both(t, src, "x")
	if err != nil {
		t.Fatal(err)
	}
	if def.File != file || def.Service.Description != "mine" || def.Service.Version != "1" {
		t.Errorf("got %+v", def)
	}
}

func TestUnknownService(t *testing.T) {
	src := places(t)
	write(t, src.own("x.d", "1.toml"), "description = \"alone\"\n")
	_, err := both(t, src, "x")
	if daemonry.CodeOf(err) != daemonry.CodeUnknownService || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), src.Services()) {
		t.Errorf("got %v", err)
	}
	if _, err := Load(src, "../x"); daemonry.CodeOf(err) != daemonry.CodeInvalidDefinition {
		t.Errorf("a bad name: %v", err)
	}
}

func TestBadFileNameIsRefused(t *testing.T) {
	src := places(t)
	write(t, src.own("GoCache.toml"), minimal)
	write(t, src.own("good.toml"), minimal)
	write(t, src.own(".#good.toml"), "scratch")
	write(t, src.own("README.md"), "text")
	defs, refused := LoadAll(src)
	if names := slices.Collect(maps.Keys(defs)); !slices.Equal(names, []string{"good"}) {
		t.Errorf("loaded %v", names)
	}
	if len(refused) != 1 || !strings.Contains(refused[0].Err.Error(), `GoCache.toml:1:1: name: "GoCache" is not a service name`) {
		t.Errorf("refused %v", refused)
	}
}

func TestDigestIsOfTheContent(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal+"mode = \"bind\"\nlimits.idle = \"60s\"\n")
	a, err := both(t, src, "x")
	if err != nil {
		t.Fatal(err)
	}
	write(t, src.own("x.toml"), "# comment\nmode = \"bind\"\n"+minimal)
	write(t, src.own("x.d", "1.toml"), "[limits]\nidle = \"1m\"\n")
	b, _ := both(t, src, "x")
	if a.Digest != b.Digest || len(a.Digest) != 64 {
		t.Errorf("%q and %q", a.Digest, b.Digest)
	}
	write(t, src.own("x.d", "1.toml"), "[limits]\nidle = \"2m\"\n")
	if c, _ := both(t, src, "x"); c.Digest == a.Digest {
		t.Error("the digest does not notice a change")
	}
}

func TestEndpointMustFit(t *testing.T) {
	src := places(t)
	src.Runtime = "/" + strings.Repeat("r", 60)
	name := strings.Repeat("n", 50)
	write(t, src.own(name+".toml"), minimal)
	_, err := both(t, src, name)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Key != "name" || e.Line != 1 || !strings.Contains(e.Reason, "117 bytes, the limit is 107") {
		t.Errorf("got %v", err)
	}
	src.Runtime = "/" + strings.Repeat("r", 55)
	short := strings.Repeat("n", 40)
	write(t, src.own(short+".toml"), minimal)
	if _, err := both(t, src, short); err != nil {
		t.Errorf("56 + 1 + 40 + 5 bytes: %v", err)
	}
	write(t, src.own(short+".toml"), minimal+"template = true\n")
	if _, err := both(t, src, short); err == nil {
		t.Error("the instances' longer paths are accepted")
	}
	write(t, src.own(short+".toml"), minimal+"listen = [\"unix\", \"unix:administration\"]\n")
	if _, err := both(t, src, short); err == nil {
		t.Error("the named listener's longer path is accepted")
	}
}

func TestLinkToASafeFileIsTaken(t *testing.T) {
	src := places(t)
	target := write(t, filepath.Join(src.Config, "dotfiles", "x"), minimal)
	if err := errors.Join(os.MkdirAll(src.Services(), 0o755), os.Symlink(target, src.own("x.toml"))); err != nil {
		t.Fatal(err)
	}
	if _, err := both(t, src, "x"); err != nil {
		t.Error(err)
	}
}

func TestUserDropInsOfAnUnsafeDirectory(t *testing.T) {
	src := places(t)
	write(t, src.system("x.toml"), minimal)
	write(t, src.own("x.d", "1.toml"), "description = \"mine\"\n")
	chmod(t, src.Services(), 0o777)
	if _, err := both(t, src, "x"); err == nil || !strings.Contains(err.Error(), "its mode is 0777") {
		t.Errorf("got %v", err)
	}
}

func TestServicesIsAFile(t *testing.T) {
	src := places(t)
	write(t, src.Services(), "")
	write(t, src.system("x.toml"), minimal)
	if _, err := both(t, src, "x"); err == nil {
		t.Error("the system's definition came through")
	}
	if _, refused := LoadAll(src); len(refused) != 1 || !strings.Contains(refused[0].Err.Error(), "it is a file, not a directory") {
		t.Errorf("refused %v", refused)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// Ten thousand definitions, a tenth with drop-ins, one bad: descriptors are
// given back, and the others load.
func TestManyDefinitions(t *testing.T) {
	src := places(t)
	const n = 10_000
	populate(t, src, n)
	write(t, src.own("s17.toml"), "comand = []\n")
	before := descriptors(t)
	defs, refused := LoadAll(src)
	if len(defs) != n-1 || len(refused) != 1 || refused[0].Name != "s17" {
		t.Errorf("%d loaded, %d refused", len(defs), len(refused))
	}
	if defs["s10"].Service.Description != "dropped in" {
		t.Errorf("s10 is %+v", defs["s10"])
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func populate(t testing.TB, src Sources, n int) {
	t.Helper()
	if err := os.MkdirAll(src.Services(), 0o755); err != nil {
		t.Fatal(err)
	}
	text := minimal + "description = \"one of many\"\n[limits]\nidle = \"15m\"\nmax_memory = \"512MiB\"\n[process]\nenv = { A = \"b\" }\n"
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		err := os.WriteFile(src.own(name+".toml"), []byte(text), 0o644)
		if i%10 == 0 && err == nil {
			err = errors.Join(os.Mkdir(src.own(name+".d"), 0o755), os.WriteFile(src.own(name+".d", "1.toml"), []byte("description = \"dropped in\"\n"), 0o644))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func BenchmarkLoadAll(b *testing.B) {
	src := Sources{Config: b.TempDir(), Runtime: "/run/d"}
	populate(b, src, 10_000)
	for b.Loop() {
		LoadAll(src)
	}
}

func BenchmarkLoad(b *testing.B) {
	src := Sources{Config: b.TempDir(), Runtime: "/run/d"}
	populate(b, src, 1)
	for b.Loop() {
		if _, err := Load(src, "s0"); err != nil {
			b.Fatal(err)
		}
	}
}
