//go:build linux

package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
)

func TestLoadIsSharedByManyReaders(t *testing.T) {
	release := make(chan struct{})
	st := Load(t.Context(), func(context.Context) (map[string]int, error) {
		<-release
		return map[string]int{"answer": 42}, nil
	})
	if v, ok := st.TryGet(); ok {
		t.Errorf("TryGet gave %v before it was loaded", v)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if v, err := st.Get(t.Context()); err != nil || v["answer"] != 42 {
				t.Errorf("%v, %v", v, err)
			}
		})
	}
	close(release)
	wg.Wait()
	if v, ok := st.TryGet(); !ok || v["answer"] != 42 {
		t.Errorf("%v, %v", v, ok)
	}
}

func TestGetEndsWithItsContext(t *testing.T) {
	load, stop := context.WithCancel(t.Context())
	st := Load(load, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
	get, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the client has gone")
	cancel(why)
	if _, err := st.Get(get); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	stop()
	if _, err := st.Get(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestAFailedLoadIsAnErrorForAll(t *testing.T) {
	why := errors.New("no such index")
	st := Load(t.Context(), func(context.Context) (int, error) { return 1, why })
	if _, err := st.Get(t.Context()); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if _, ok := st.TryGet(); ok {
		t.Error("TryGet gave what failed to load")
	}
}

func TestReadyComesWhenAllIsLoaded(t *testing.T) {
	p := newPlace(t)
	d := p.start("warm", p.inherited(1), p.listen())
	if m := p.next(); m.Status != "loading a and b" {
		t.Fatalf("told %+v", m)
	}
	waiting := p.dial()
	fmt.Fprintln(waiting, "both")
	ask(t, p.dial(), "a=A")
	p.quiet() // one is not all
	ask(t, p.dial(), "b=B")
	p.ready()
	if got, err := io.ReadAll(waiting); err != nil || string(got) != "AB\n" {
		t.Errorf("got %q, %v", got, err)
	}
	d.stop()
	if m := p.next(); !m.Stopping {
		t.Errorf("told %+v", m)
	}
}

func TestReadyIsNotSaidWhileAnotherLoads(t *testing.T) {
	p := newPlace(t)
	s := &session{notify: p.notify.Path()}
	s.loadBegins()
	s.loadBegins()
	s.loadEnds(t.Context(), nil)
	p.quiet()
	s.loadEnds(t.Context(), nil)
	p.ready()
}

func TestAStopWhileLoadingIsNoFailure(t *testing.T) {
	p := newPlace(t)
	d := p.start("warm", p.inherited(1), p.listen())
	p.next() // the status
	d.stop()
	if m := p.next(); !m.Stopping || m.Ready {
		t.Errorf("told %+v", m)
	}
}

// Without a broker there is nobody to tell, and that is fine.
func TestNotificationsWithoutAReceiver(t *testing.T) {
	for _, err := range []error{Ready(t.Context()), Status(t.Context(), "x"), Extend(t.Context(), 1)} {
		if err != nil {
			t.Error(err)
		}
	}
	if Generation(t.Context()) != 0 || Listeners(t.Context()) != nil {
		t.Error("something came from nothing")
	}
}

// A READY that was said while the broker was away is said again.
func TestAnUnheardReadyIsRepeated(t *testing.T) {
	p := newPlace(t)
	s := &session{notify: p.dir + "/nobody"}
	ctx := context.WithValue(t.Context(), sessionKey{}, s)
	if err := Ready(ctx); err == nil {
		t.Fatal("nobody listens, and there was no error")
	}
	s.notify = p.notify.Path()
	if err := Status(ctx, "still here"); err != nil {
		t.Fatal(err)
	}
	if m := p.next(); !m.Ready || m.Status != "still here" {
		t.Errorf("told %+v", m)
	}
	if err := Status(ctx, "again"); err != nil {
		t.Fatal(err)
	}
	if m := p.next(); m.Ready {
		t.Errorf("READY was repeated without need: %+v", m)
	}
}
