//go:build linux

package daemonry

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// at completes an answer with the endpoint of service x.
func at(r *daemonryv1.ResolveResponse) (*daemonryv1.ResolveResponse, error) {
	path, err := endpoint.Find("x", "", "")
	r.Service, r.Network, r.Address = "x", "unix", path
	return r, err
}

func TestWaitReadyAtOnce(t *testing.T) {
	wantNoLeak(t)
	s := script(t, func(context.Context, int, *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		return at(&daemonryv1.ResolveResponse{State: "ready", Ready: true})
	})
	queue(t, "x", 10)
	progress := func(p Progress) { t.Errorf("progress %+v of a daemon that is ready", p) }
	if err := closed(Dial(t.Context(), "x", WaitReady(progress))); err != nil {
		t.Fatal(err)
	}
	if n := len(s.questions()); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if _, err := Resolve(t.Context(), "x", WaitReady(nil)); err != nil {
		t.Fatal(err)
	}
}

// TestWaitReadyProgress connects first, is told every change in order, and
// learns the outcome.
func TestWaitReadyProgress(t *testing.T) {
	wantNoLeak(t)
	var l *endpoint.Listener
	s := script(t, func(_ context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		if nth == 1 {
			if waiting, err := l.Readable(); !waiting || err != nil {
				t.Errorf("asked before it was connected (%v)", err)
			}
		}
		return at([]*daemonryv1.ResolveResponse{
			{State: "idle", Generation: 4, Revision: 10},
			{State: "starting", Generation: 5, Revision: 11},
			{State: "starting", Generation: 5, Revision: 12, Status: "loading 50 %"},
			{State: "ready", Generation: 5, Revision: 13, Ready: true},
		}[nth-1])
	})
	l = queue(t, "x", 10)
	var got []Progress
	conn, err := Dial(t.Context(), "x", WaitReady(func(p Progress) { got = append(got, p) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range got {
		if got[i].Elapsed <= 0 {
			t.Errorf("progress %d: elapsed is %v", i, got[i].Elapsed)
		}
		got[i].Elapsed = 0
	}
	want := []Progress{
		{Name: "x", State: StateIdle, Generation: 4},
		{Name: "x", State: StateStarting, Generation: 5},
		{Name: "x", State: StateStarting, Generation: 5, Status: "loading 50 %"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("progress is %+v\nwant %+v", got, want)
	}
	wantQuestions(t, s.questions())
}

func wantQuestions(t *testing.T, asked []*daemonryv1.ResolveRequest) {
	t.Helper()
	if len(asked) != 4 || asked[0].WaitReady {
		t.Fatalf("asked %v", asked)
	}
	for i, q := range asked[1:] {
		if !q.WaitReady || q.Revision != uint64(10+i) || q.SeenGeneration != 4 || q.MaxWait.AsDuration() != 30*time.Second {
			t.Errorf("question %d is %v", i+2, q)
		}
	}
}

// TestWaitReadyEverySecond has nothing to tell, and tells it (S2).
func TestWaitReadyEverySecond(t *testing.T) {
	wantNoLeak(t)
	told := make(chan struct{})
	script(t, func(ctx context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		if nth > 1 {
			<-told
			return at(&daemonryv1.ResolveResponse{State: "ready", Ready: true})
		}
		return at(&daemonryv1.ResolveResponse{State: "starting", Status: "reading", Generation: 1, Revision: 1})
	})
	queue(t, "x", 10)
	var elapsed []time.Duration
	err := closed(Dial(t.Context(), "x", WaitReady(func(p Progress) {
		elapsed = append(elapsed, p.Elapsed)
		if p.Status != "reading" || p.State != StateStarting || p.Generation != 1 {
			t.Errorf("progress is %+v", p)
		}
		if len(elapsed) == 3 {
			close(told)
		}
	})))
	if err != nil || len(elapsed) < 3 {
		t.Fatalf("%v, told %v", err, elapsed)
	}
	if d := elapsed[2] - elapsed[0]; d < 1800*time.Millisecond || d > 4*time.Second {
		t.Errorf("told at %v, want every second", elapsed)
	}
}

// TestWaitReadyStartFails is S4 for who waits.
func TestWaitReadyStartFails(t *testing.T) {
	wantNoLeak(t)
	s := script(t, func(_ context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		if nth == 1 {
			return at(&daemonryv1.ResolveResponse{State: "starting", Generation: 7, Revision: 1})
		}
		return &daemonryv1.ResolveResponse{Error: &daemonryv1.Error{
			Code: "start_failed", Op: "start", Service: "x", Message: "exited with status 1", Output: "no such table\n",
		}}, nil
	})
	l := queue(t, "x", 10)
	_, err := Dial(t.Context(), "x", WaitReady(nil))
	wantError(t, err, CodeStartFailed, "cannot start x: exited with status 1 (last output: no such table)")
	if seen := s.questions()[1].SeenGeneration; seen != 6 {
		t.Errorf("seen generation is %d: the failure of 7, which is starting, is news", seen)
	}
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := unix.Read(fd, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the connection was left open: %d, %v", n, err)
	}
}

func TestWaitReadyDeadline(t *testing.T) {
	wantNoLeak(t)
	script(t, func(ctx context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		if nth > 1 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return at(&daemonryv1.ResolveResponse{State: "starting", Revision: 1})
	})
	queue(t, "x", 10)
	for _, progress := range []func(Progress){nil, func(Progress) {}} {
		_, err := Dial(within(t, 100*time.Millisecond), "x", WaitReady(progress))
		wantError(t, err, CodeTimeout, "cannot dial x: the deadline passed while waiting for")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v does not wrap the context's error", err)
		}
	}
}

// TestWaitReadyAcceptedByTheDead: the generation that took the connection is not
// the one that became ready.
func TestWaitReadyAcceptedByTheDead(t *testing.T) {
	wantNoLeak(t)
	var l *endpoint.Listener
	script(t, func(_ context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		if nth == 1 {
			return at(&daemonryv1.ResolveResponse{State: "starting", Revision: 1, Generation: 1})
		}
		fd, err := l.Accept()
		unix.Close(fd)
		if err != nil {
			return nil, err
		}
		return at(&daemonryv1.ResolveResponse{State: "ready", Ready: true, Revision: 2, Generation: 2})
	})
	l = queue(t, "x", 10)
	conn, err := Dial(t.Context(), "x", WaitReady(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if hungUp(conn) {
		t.Error("the connection is dead")
	}
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if hungUp(conn) {
		t.Error("a connection that was accepted counts as dead")
	}
}

// TestWaitReadyRestlessBroker answers at once though nothing changed that can be
// told, with a new revision or not.
func TestWaitReadyRestlessBroker(t *testing.T) {
	for name, step := range map[string]uint64{"same revision": 0, "new revisions": 1} {
		t.Run(name, func(t *testing.T) {
			wantNoLeak(t)
			s := script(t, func(_ context.Context, nth int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
				return at(&daemonryv1.ResolveResponse{State: "starting", Revision: 1 + uint64(nth)*step})
			})
			queue(t, "x", 10)
			told := 0
			_, err := Dial(within(t, 200*time.Millisecond), "x", WaitReady(func(Progress) { told++ }))
			wantError(t, err, CodeTimeout, "waiting for")
			if n := len(s.questions()); n > 150 || told != 1 {
				t.Errorf("asked %d times and told %d times in 200 ms", n, told)
			}
		})
	}
}

// TestWaitReadyPanic: a progress function that panics leaves nothing behind.
func TestWaitReadyPanic(t *testing.T) {
	wantNoLeak(t)
	script(t, func(context.Context, int, *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		return at(&daemonryv1.ResolveResponse{State: "starting", Revision: 1})
	})
	queue(t, "x", 10)
	defer func() {
		if p := recover(); p != "enough" {
			t.Errorf("recovered %v", p)
		}
	}()
	var conn net.Conn
	conn, err := Dial(t.Context(), "x", WaitReady(func(Progress) { panic("enough") }))
	t.Errorf("Dial returned %v, %v", conn, err)
}
