//go:build linux

package watch

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// barrier has an event come after all that were due before it: the kernel
// reports them in order.
func barrier(t *testing.T, w *Watcher, events <-chan uint64, l listener) {
	t.Helper()
	const token = 1 << 60
	l.connect(t)
	ok(t, w.Arm(l.fd, token))
	expect(t, events, token)
	l.accept(t)
}

func TestOneEventForEachArming(t *testing.T) {
	w, events := watching(t)
	dir := directory(t)
	l, other := listen(t, dir, 1), listen(t, dir, 2)
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Add(other.fd, 2))
	l.connect(t)
	barrier(t, w, events, other) // added, but not armed: nothing came before this

	ok(t, w.Arm(l.fd, 11)) // what is pending is reported
	expect(t, events, 11)
	l.connect(t)
	barrier(t, w, events, other) // only once
	ok(t, w.Arm(l.fd, 12))
	expect(t, events, 12)

	ok(t, w.Arm(l.fd, 13))
	expect(t, events, 13)
	l.accept(t)
	l.accept(t)
	ok(t, w.Arm(l.fd, 14)) // nothing is pending
	barrier(t, w, events, other)
	l.connect(t)
	expect(t, events, 14)
}

func TestDisarmAndRemove(t *testing.T) {
	w, events := watching(t)
	dir := directory(t)
	l, other := listen(t, dir, 1), listen(t, dir, 2)
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Add(other.fd, 2))
	ok(t, w.Disarm(l.fd)) // was not armed
	ok(t, w.Arm(l.fd, 11))
	ok(t, w.Disarm(l.fd))
	l.connect(t)
	barrier(t, w, events, other)
	ok(t, w.Arm(l.fd, 12))
	expect(t, events, 12)
	ok(t, w.Disarm(l.fd)) // has fired
	ok(t, w.Arm(l.fd, 13))
	expect(t, events, 13)
	ok(t, w.Remove(l.fd))
	barrier(t, w, events, other)
	for name, err := range map[string]error{
		"Arm": w.Arm(l.fd, 1), "Disarm": w.Disarm(l.fd), "Remove": w.Remove(l.fd),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after Remove: %v", name, err)
		}
	}
	if err := w.Add(other.fd, 3); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Add again: %v", err)
	}
	ok(t, w.Add(l.fd, 4))
	ok(t, w.Arm(l.fd, 4))
	expect(t, events, 4)
}

// TestLateEventIsDropped plays the race in which an event was fetched from the
// kernel just before the descriptor was armed anew.
func TestLateEventIsDropped(t *testing.T) {
	w, events := watching(t)
	l := listen(t, directory(t), 1)
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Arm(l.fd, 11))
	w.mu.Lock()
	late := w.entries[l.fd].serial
	w.mu.Unlock()
	ok(t, w.Arm(l.fd, 12))
	w.deliver(l.fd, late)
	w.deliver(l.fd+1000, late)
	if len(events) != 0 {
		t.Fatalf("event %d of an earlier arming", <-events)
	}
	l.connect(t)
	expect(t, events, 12)
	w.deliver(l.fd, late+1) // has fired
	if len(events) != 0 {
		t.Errorf("event %d", <-events)
	}
}

func TestHangUpOfDisarmedListenerIsNoEvent(t *testing.T) {
	w, events := watching(t)
	dir := directory(t)
	l, other := listen(t, dir, 1), listen(t, dir, 2)
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Add(other.fd, 2))
	ok(t, unix.Shutdown(l.fd, unix.SHUT_RDWR))
	barrier(t, w, events, other)
	ok(t, w.Arm(l.fd, 11)) // armed it is: accept would not block
	expect(t, events, 11)
}

func TestArmWithinEvent(t *testing.T) {
	l := listen(t, directory(t), 1)
	var w *Watcher
	ready := make(chan struct{})
	done := make(chan error, 1)
	n := 0
	w, err := New(func(uint64) {
		<-ready
		if n++; n == 3 {
			done <- w.Remove(l.fd)
			return
		}
		if err := w.Arm(l.fd, 1); err != nil {
			done <- err
		}
	})
	ok(t, err)
	close(ready)
	defer w.Close()
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Arm(l.fd, 1))
	l.connect(t)
	ok(t, <-done)
}

// TestNoWakeUpWhileDisarmed: another process serves thousands of connections on
// the shared listener.
func TestNoWakeUpWhileDisarmed(t *testing.T) {
	const connections = 5000
	w, events := watching(t)
	dir := directory(t)
	other := listen(t, dir, 0)
	ok(t, w.Add(other.fd, 0))
	for name, prepare := range map[string]func(l listener){
		"never armed": func(listener) {},
		"disarmed":    func(l listener) { ok(t, w.Arm(l.fd, 1)); ok(t, w.Disarm(l.fd)) },
		"has fired": func(l listener) {
			l.connect(t)
			ok(t, w.Arm(l.fd, 1))
			expect(t, events, 1)
			l.accept(t)
		},
	} {
		l := listen(t, dir, len(name))
		ok(t, w.Add(l.fd, 1))
		prepare(l)
		barrier(t, w, events, other)
		before := parkedWakes(w)
		storm(t, l, connections)
		if n := w.queue.wakes.Load() - before; n != 0 {
			t.Errorf("%s: woken %d times by %d connections", name, n, connections)
		}
		l.connect(t)
		ok(t, w.Arm(l.fd, 2)) // it is still alive
		expect(t, events, 2)
	}
}

// parkedWakes returns the count once the goroutine has nothing left to fetch:
// after an event it looks once more and then parks.
func parkedWakes(w *Watcher) uint64 {
	for {
		n := w.queue.wakes.Load()
		<-time.After(10 * time.Millisecond)
		if w.queue.wakes.Load() == n {
			return n
		}
	}
}

func TestEventComesSoon(t *testing.T) {
	const rounds = 50
	times := make(chan time.Time, 1)
	w, err := New(func(uint64) { times <- time.Now() })
	ok(t, err)
	defer w.Close()
	l := listen(t, directory(t), 1)
	ok(t, w.Add(l.fd, 1))
	var took []time.Duration
	for range rounds {
		ok(t, w.Arm(l.fd, 1))
		parkedWakes(w)
		start := time.Now()
		l.connect(t)
		took = append(took, (<-times).Sub(start))
		l.accept(t)
	}
	slices.Sort(took)
	t.Logf("from connect to event: median %v, worst of %d %v", took[rounds/2], rounds, took[rounds-1])
	if took[rounds/2] > 5*time.Millisecond {
		t.Errorf("median %v", took[rounds/2])
	}
}

func TestThousandsOfDescriptors(t *testing.T) {
	const n = 3000
	w, events := watching(t)
	dir := directory(t)
	var listeners []listener
	for i := range n {
		l := listen(t, dir, i)
		listeners = append(listeners, l)
		ok(t, w.Add(l.fd, 0))
		if i%2 == 0 {
			ok(t, w.Arm(l.fd, uint64(i)<<33))
		}
	}
	for _, l := range listeners {
		l.connect(t)
	}
	seen := map[uint64]bool{}
	for range n / 2 {
		select {
		case token := <-events:
			seen[token] = true
		case <-time.After(patience):
			t.Fatalf("%d of %d events came", len(seen), n/2)
		}
	}
	for i := 0; i < n; i += 2 {
		if !seen[uint64(i)<<33] {
			t.Errorf("no event of listener %d", i)
		}
	}
	if len(events) != 0 {
		t.Errorf("event of a listener that was not armed: %d", <-events)
	}
}

func TestCloseAndErrors(t *testing.T) {
	before := descriptors(t)
	w, events := watching(t)
	l := listen(t, directory(t), 1)
	ok(t, w.Add(l.fd, 1))
	ok(t, w.Arm(l.fd, 1))
	if err := w.Add(1<<20, 1); !errors.Is(err, unix.EBADF) {
		t.Errorf("a closed descriptor: %v", err)
	}
	f, err := os.Open(os.Args[0])
	ok(t, err)
	defer f.Close()
	if err := w.Add(int(f.Fd()), 1); !errors.Is(err, unix.EPERM) {
		t.Errorf("a regular file: %v", err)
	}
	ok(t, w.Close())
	ok(t, w.Close())
	l.connect(t)
	for name, err := range map[string]error{
		"Add": w.Add(l.fd, 1), "Arm": w.Arm(l.fd, 1), "Disarm": w.Disarm(l.fd), "Remove": w.Remove(l.fd),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	if len(events) != 0 {
		t.Errorf("event %d after Close", <-events)
	}
	f.Close()
	if after := descriptors(t); after != before+2 { // the listener and a client
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	return len(fds)
}
