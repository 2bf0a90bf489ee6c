package definition

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A listener collects what Watch tells.
type listener struct {
	t     *testing.T
	told  chan []string
	calls int
}

// watch starts a Watch and waits until it is in place.
func watch(t *testing.T, src Sources, first ...string) *listener {
	t.Helper()
	l := &listener{t: t, told: make(chan []string, 1000)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, src, func(names []string) { l.told <- names }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Watch: %v", err)
		}
	})
	if got := l.next(); !slices.Equal(got, first) {
		t.Fatalf("first told %v, want %v", got, first)
	}
	return l
}

func (l *listener) next() []string {
	l.t.Helper()
	select {
	case names := <-l.told:
		l.calls++
		return names
	case <-time.After(5 * time.Second):
		l.t.Fatal("nothing was told in 5 s")
		return nil
	}
}

// want waits until all names were told, in one call or several.
func (l *listener) want(names ...string) {
	l.t.Helper()
	for len(names) > 0 {
		got := l.next()
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(got, n) })
	}
}

// only wants these names and no others.
func (l *listener) only(names ...string) {
	l.t.Helper()
	if got := l.next(); !slices.Equal(got, names) {
		l.t.Errorf("told %v, want %v", got, names)
	}
}

func do(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestWatchTellsWhatIsThere(t *testing.T) {
	src := places(t)
	write(t, src.own("b.toml"), minimal)
	write(t, src.own("a.d", "1.toml"), "")
	write(t, src.system("c.toml"), minimal)
	watch(t, src, "a", "b", "c")
}

func TestWatchFiles(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal)
	l := watch(t, src, "x")
	write(t, src.own("x.toml"), minimal+"# changed\n")
	l.only("x")
	write(t, src.own("y.toml"), minimal)
	l.only("y")
	write(t, src.own(".y.toml.swp"), "scratch")
	write(t, src.own("notes"), "text")
	do(t, os.Remove(src.own("x.toml")))
	l.only("x")
	do(t, os.Rename(src.own("y.toml"), src.own("z.toml")))
	l.want("y", "z")
	do(t, os.Chmod(src.own("z.toml"), 0o666))
	l.only("z")
}

// As vim, sed -i and atomic writers do.
func TestWatchRenameOver(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal)
	l := watch(t, src, "x")
	for range 3 {
		temp := write(t, src.own(".x.toml.new"), minimal)
		do(t, os.Rename(temp, src.own("x.toml")))
		l.only("x")
	}
}

// Many events of one save are told once.
func TestWatchGathers(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal)
	l := watch(t, src, "x")
	for range 200 {
		write(t, src.own("x.toml"), minimal)
		write(t, src.own("y.toml"), minimal)
	}
	l.want("x", "y")
	write(t, src.own("end.toml"), minimal)
	l.want("end")
	if l.calls > 10 {
		t.Errorf("401 writes were told in %d calls", l.calls)
	}
}

func TestWatchDropIns(t *testing.T) {
	src := places(t)
	write(t, src.own("x.d", "1.toml"), "")
	l := watch(t, src, "x")
	write(t, src.own("x.d", "1.toml"), "# changed\n")
	l.only("x")
	write(t, src.own("y.d", "1.toml"), "") // a directory that is new
	l.want("y")
	write(t, src.own("y.d", "2.toml"), "")
	l.want("y")
	do(t, os.RemoveAll(src.own("x.d")))
	l.want("x")
	write(t, src.own("x.d", "1.toml"), "")
	l.want("x")
	do(t, os.Rename(src.own("x.d"), filepath.Join(src.Config, "away")))
	l.want("x")
	do(t, os.Rename(filepath.Join(src.Config, "away"), src.own("x.d")))
	l.want("x")
	write(t, src.own("x.d", "1.toml"), "# once more\n")
	l.want("x")
}

func TestWatchDirectoryThatIsNotThereYet(t *testing.T) {
	src := places(t)
	l := watch(t, src)
	write(t, src.own("x.toml"), minimal) // makes config and services as well
	l.want("x")
	write(t, src.own("x.toml"), minimal)
	l.want("x")
	write(t, src.system("s.toml"), minimal)
	l.want("s")
	write(t, src.system("s.toml"), minimal)
	l.want("s")
}

// A file that never comes to rest is told all the same.
func TestWatchHasPatience(t *testing.T) {
	src := places(t)
	file := write(t, src.own("x.toml"), minimal)
	l := watch(t, src, "x")
	for deadline := time.Now().Add(5 * time.Second); len(l.told) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("nothing was told in 5 s of writing")
		}
		write(t, file, minimal)
	}
}

// The directories come into being between the look for them and the watch for
// their coming.
func TestWatchLooksAgain(t *testing.T) {
	src := places(t)
	notify, err := fsnotify.NewWatcher()
	do(t, err)
	defer notify.Close()
	r := &root{path: src.Services()}
	w := &watcher{notify: notify, roots: []*root{r}, pending: map[string]bool{}}
	w.add = func(path string) error {
		err := notify.Add(path)
		if path == src.Services() && err != nil {
			write(t, src.own("x.toml"), minimal)
		}
		return err
	}
	do(t, w.scan(r))
	if r.watched != src.Services() || !w.pending["x"] {
		t.Errorf("watched %s, noted %v", r.watched, w.pending)
	}
}

func TestWatchDirectoryMadeInSteps(t *testing.T) {
	src := places(t)
	src.Config = filepath.Join(src.Config, "deep", "er")
	l := watch(t, src)
	for _, dir := range []string{filepath.Dir(filepath.Dir(src.Config)), filepath.Dir(src.Config), src.Config, src.Services()} {
		do(t, os.Mkdir(dir, 0o755))
	}
	write(t, src.own("x.toml"), minimal)
	l.want("x")
}

func TestWatchDirectoryComesAndGoes(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal)
	write(t, src.own("y.d", "1.toml"), "")
	l := watch(t, src, "x", "y")
	for range 3 {
		do(t, os.RemoveAll(src.Services()))
		l.want("x", "y")
		write(t, src.own("x.toml"), minimal)
		write(t, src.own("y.d", "1.toml"), "")
		l.want("x", "y")
		write(t, src.own("y.d", "1.toml"), "# inside\n")
		l.want("y")
	}
	do(t, os.RemoveAll(src.Config))
	l.want("x", "y")
	write(t, src.own("z.toml"), minimal)
	l.want("z")
}

func TestWatchDirectoryIsMovedAndReplaced(t *testing.T) {
	for name, dir := range map[string]func(Sources) string{"services": Sources.Services, "its parent": func(s Sources) string { return s.Config }} {
		t.Run(name, func(t *testing.T) {
			src := places(t)
			write(t, src.own("x.toml"), minimal)
			l := watch(t, src, "x")
			do(t, os.Rename(dir(src), dir(src)+".old"))
			l.want("x")
			write(t, src.own("n.toml"), minimal)
			l.want("n")
			write(t, src.own("n.toml"), minimal)
			l.want("n")
		})
	}
}

func TestWatchDirectoryIsALinkThatIsTurned(t *testing.T) {
	src := places(t)
	a, b := filepath.Join(src.Config, "a"), filepath.Join(src.Config, "b")
	write(t, filepath.Join(a, "x.toml"), minimal)
	write(t, filepath.Join(b, "y.toml"), minimal)
	do(t, os.Symlink(a, src.Services()))
	l := watch(t, src, "x")
	do(t, os.Symlink(b, src.Services()+".new"), os.Rename(src.Services()+".new", src.Services()))
	l.want("x", "y")
	write(t, filepath.Join(b, "z.toml"), minimal)
	l.want("z")
}

// A burst larger than the kernel's queue loses events, never names.
func TestWatchOverflow(t *testing.T) {
	src := places(t)
	a, b := write(t, src.own("a.toml"), minimal), write(t, src.own("b.toml"), minimal)
	told, busy := make(chan []string), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Watch(ctx, src, func(names []string) {
			select {
			case told <- names:
			case <-ctx.Done():
			}
			<-busy // the callback is slow, so that events pile up
		})
	}()
	<-told
	for range queueLength(t) { // two in turn, for equal events in a row are merged
		do(t, os.Chmod(a, 0o600), os.Chmod(b, 0o600))
	}
	write(t, src.own("last.toml"), minimal) // its event does not fit any more
	close(busy)
	l := &listener{t: t, told: told}
	l.want("last")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// queueLength is how many events the kernel keeps, and more than half of what
// fsnotify reads ahead.
func queueLength(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return n/2 + 2500
}

// Descriptors are given back, and nothing runs after Watch returned (goleak in
// TestMain).
func TestWatchGivesBack(t *testing.T) {
	src := places(t)
	write(t, src.own("x.toml"), minimal)
	before := descriptors(t)
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		if err := Watch(ctx, src, func([]string) { cancel() }); err != nil {
			t.Fatal(err)
		}
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
