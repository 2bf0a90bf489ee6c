package helper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/helper"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
)

// empty fails if a directory has anything in it.
func empty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left in %s: %v, %v", dir, entries, err)
	}
}

func quiet(t *testing.T, log string) {
	t.Helper()
	if log != "" {
		t.Errorf("the helper printed %q", log)
	}
}

func oneLine(t *testing.T, log, want string) {
	t.Helper()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, want) {
		t.Errorf("the helper printed %q, want one line with %q", log, want)
	}
}

// What one go command puts, the next gets: asked for at first, then from the
// view; both count.
func TestPutThenGet(t *testing.T) {
	d := newDaemon(t).start()
	bodies := make([][]byte, 40)
	g := start(t, helper.Config{Dial: d.dial})
	for n := range bodies {
		bodies[n] = bytes.Repeat([]byte{byte(n)}, n*n*50)
		g.mustMiss(n)
		g.check(g.put(n, bodies[n]), bodies[n])
		g.mustHit(n, bodies[n])
	}
	quiet(t, g.close())
	empty(t, filepath.Join(d.cfg.Dir, store.SpoolDir))

	g = start(t, helper.Config{Dial: d.dial})
	for n := range bodies {
		g.mustHit(n, bodies[n])
	}
	quiet(t, g.close())
	if st := d.store.Stats(); st.Hits != 80 || st.Misses != 40 || st.Puts != 40 {
		t.Errorf("Stats = %+v", st)
	}
}

// A view is about the files that were verified. One that was written to, even
// with as many bytes, or removed, is not served.
func TestDamagedBehindTheView(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	var paths []string
	for n := range 20 {
		paths = append(paths, g.put(n, []byte{byte(n), 1, 2, 3}).DiskPath)
	}
	quiet(t, g.close())
	g = start(t, helper.Config{Dial: d.dial})
	g.mustHit(0, []byte{0, 1, 2, 3})
	if err := os.Remove(paths[1]); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(paths[2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(paths[2], []byte("3210"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(paths[2], time.Time{}, time.Now().Add(time.Second)); err != nil { // whatever the clock's tick
		t.Fatal(err)
	}
	g.mustMiss(1)
	g.mustMiss(2)
	quiet(t, g.close())
	if damaged := d.store.Stats().Damaged; damaged != 2 {
		t.Errorf("%d damaged objects", damaged)
	}
}

// Questions that are sent without waiting are all answered.
func TestPipelined(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	want := map[int64]bool{}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for n := range 300 {
			g.sendPut(n, fmt.Appendf(nil, "body %d", n))
			g.sendGet(n + 1000)
		}
	}()
	for range 600 {
		r := g.receive()
		if want[r.ID] {
			t.Fatalf("%d was answered twice", r.ID)
		}
		want[r.ID] = true
		if r.ID%2 == 1 && r.DiskPath == "" || r.ID%2 == 0 && !r.Miss {
			t.Fatalf("%+v", r)
		}
	}
	<-sent
	quiet(t, g.close())
}

// A daemon that is killed with questions open costs the build nothing: they are
// sent again to its successor, which may have what its predecessor was told.
func TestDaemonKilled(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	g.put(1, []byte("one"))
	d.kill()
	waiting := []int64{g.sendGet(1), g.sendPut(2, []byte("two")), g.sendGet(3)}
	d.start()
	for range waiting {
		switch r := g.receive(); r.ID {
		case waiting[0]:
			g.check(r, []byte("one"))
		case waiting[1]:
			g.check(r, []byte("two"))
		case waiting[2]:
			if !r.Miss {
				t.Errorf("%+v, want a miss", r)
			}
		}
	}
	g.mustHit(2, []byte("two"))
	quiet(t, g.close())
	empty(t, filepath.Join(d.cfg.Dir, store.SpoolDir))
}

// Killing again and again, with a build's worth of questions in between.
func TestDaemonKilledOften(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	for n := range 60 {
		body := bytes.Repeat([]byte{byte(n)}, 1000)
		g.sendPut(n, body)
		if n%3 == 0 {
			d.kill()
			d.start()
		}
		g.check(g.receive(), body)
		if n > 0 {
			g.mustHit(n-1, bytes.Repeat([]byte{byte(n - 1)}, 1000))
		}
	}
	quiet(t, g.close())
	g = start(t, helper.Config{Dial: d.dial})
	for n := range 60 {
		g.mustHit(n, bytes.Repeat([]byte{byte(n)}, 1000))
	}
	quiet(t, g.close())
}

// A daemon that answers no more is given up, and the build goes on.
func TestGivesUp(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	g.put(1, []byte("one"))
	d.mu.Lock()
	d.broken = true
	d.mu.Unlock()
	d.kill()
	g.check(g.put(2, []byte("two")), []byte("two"))
	g.mustHit(1, []byte("one")) // its own, and in the store
	g.mustHit(2, []byte("two"))
	g.mustMiss(3)
	oneLine(t, g.close(), "building without the cache: the daemon did not answer")
	empty(t, filepath.Join(d.cfg.Dir, store.SpoolDir))
}

// A daemon that accepts and says nothing is given up, too.
func TestMuteDaemon(t *testing.T) {
	d := newDaemon(t) // never loads
	g := start(t, helper.Config{Dial: d.dial, Patience: 30 * time.Millisecond, Attempts: 2})
	g.mustMiss(1)
	oneLine(t, g.close(), "timeout")
}

// Without a broker the build goes on, and one line says why.
func TestNoDaemon(t *testing.T) {
	temp := t.TempDir()
	hopeless := errors.New("no broker\ncan be had")
	dials := 0
	g := start(t, helper.Config{
		Temp:     temp,
		Dial:     func(context.Context) (net.Conn, error) { dials++; return nil, hopeless },
		Hopeless: func(err error) bool { return err == hopeless },
	})
	for n := range 10 {
		g.mustMiss(n)
		body := bytes.Repeat([]byte{byte(n)}, n)
		g.check(g.put(n, body), body)
		g.mustHit(n, body)
	}
	oneLine(t, g.close(), "gocache: building without the cache: no broker can be had")
	empty(t, temp)
	if dials != 1 {
		t.Errorf("dialled %d times", dials)
	}
}

// A daemon that went away while nothing was asked is not called back for
// nothing.
func TestIdleHelperDoesNotDial(t *testing.T) {
	d := newDaemon(t).start()
	dials := make(chan struct{}, 10)
	g := start(t, helper.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		dials <- struct{}{}
		return d.dial(ctx)
	}})
	g.mustMiss(1)
	<-dials
	d.kill()
	select { // nothing happens that one could wait for
	case <-dials:
		t.Error("dialled with nothing to ask")
	case <-time.After(50 * time.Millisecond):
	}
	d.start()
	g.mustMiss(2)
	<-dials
	quiet(t, g.close())
}

// `go list` closes the pipe without a word.
func TestEndWithoutClose(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	g.put(1, []byte("one"))
	g.in.Close()
	if err := <-g.done; err != nil {
		t.Errorf("Run = %v", err)
	}
	empty(t, filepath.Join(d.cfg.Dir, store.SpoolDir))
}

// A put that the daemon refuses is kept for this build, and told about once.
func TestRefusedPut(t *testing.T) {
	d := newDaemon(t).start()
	g := start(t, helper.Config{Dial: d.dial})
	g.put(0, []byte("zero"))
	if err := os.RemoveAll(filepath.Join(d.cfg.Dir, "objects")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.cfg.Dir, "objects"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		body := []byte{byte(n), 1, 2}
		r := g.put(n+1, body)
		if data, err := os.ReadFile(r.DiskPath); err != nil || !bytes.Equal(data, body) {
			t.Errorf("%+v: %q, %v", r, data, err)
		}
	}
	oneLine(t, g.close(), "an object was not kept")
}

// Nothing is left open by a go command, nor by a connection that was lost.
func TestDescriptors(t *testing.T) {
	d := newDaemon(t).start()
	d.kill()
	count := func() int {
		entries, _ := os.ReadDir("/proc/self/fd")
		return len(entries)
	}
	before := count()
	for range 3 {
		d.start()
		g := start(t, helper.Config{Dial: d.dial})
		for n := range 30 {
			g.put(n, []byte{byte(n)})
		}
		d.kill()
		d.start()
		g.mustHit(1, []byte{1})
		quiet(t, g.close())
		d.kill()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}
