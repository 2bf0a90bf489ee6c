package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/daemonry/daemonry/internal/notify"
)

// loadGrace is how long a daemon that has been told to stop waits for a loader
// that does not heed its context.
const loadGrace = time.Second

// A session is one call of Serve. It travels in the context that Serve is given,
// so that there is no package variable. A nil session is that of a Serve called
// without Bootstrap, in a test say: nothing is told to anybody.
type session struct {
	service    string
	generation uint64
	notify     string // path of the notify socket; "": nobody wants to know
	listeners  []Listener
	fail       context.CancelCauseFunc // ends Serve's context
	loads      sync.WaitGroup
	stopOnce   sync.Once

	mu      sync.Mutex // guards what follows; nothing else is locked under it
	loading int        // loaders that have not returned
	ready   bool       // READY was said
	unheard bool       // READY was said to nobody: there was no broker at that moment
	failure error      // of the first loader that failed
}

type sessionKey struct{}

func sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session)
	return s
}

// serve calls Serve and judges how it ended.
func (s *session) serve(ctx context.Context, serve func(context.Context, net.Listener) error) error {
	inner, cancel := context.WithCancelCause(context.WithValue(ctx, sessionKey{}, s))
	defer cancel(nil)
	s.fail = cancel
	for _, l := range s.listeners {
		if own, ok := l.Listener.(*listener); ok {
			own.begin = s.serving
		}
	}
	// Only of a stop that was asked for: a daemon that fails is not stopping.
	forget := context.AfterFunc(ctx, s.stopping)
	err := protectServe(inner, s.listeners[0].Listener, serve)
	forget()
	// Serve may have returned before AfterFunc got its turn.
	told := ctx.Err() != nil
	if told {
		s.stopping() // returns when it has been said
	}
	cancel(nil)
	waitAtMost(&s.loads, loadGrace)
	if err = s.judge(ctx, told, err); err != nil {
		return &ServeError{Service: s.service, Generation: s.generation, Err: err}
	}
	return nil
}

func (s *session) judge(ctx context.Context, told bool, err error) error {
	if failure := s.loadFailure(); failure != nil {
		return failure
	}
	if !told && err == nil {
		return errors.New("the method Serve returned before it was told to stop")
	}
	var panicked *panicError
	if told && !errors.As(err, &panicked) && (errors.Is(err, ctx.Err()) || errors.Is(err, net.ErrClosed)) {
		return nil // that is what being told looks like from inside
	}
	return err
}

// loadFailure returns why the first failed loader failed; nil if none did.
func (s *session) loadFailure() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func protectServe(ctx context.Context, l net.Listener, serve func(context.Context, net.Listener) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			os.Stderr.Write(debug.Stack())
			err = &panicError{p}
		}
	}()
	return serve(ctx, l)
}

func waitAtMost(wg *sync.WaitGroup, d time.Duration) {
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(d):
	}
}

// tell sends lines to whoever started the daemon. A READY that nobody heard is said
// again with whatever is said next.
func (s *session) tell(lines ...string) error {
	if s == nil || s.notify == "" || len(lines) == 0 {
		return nil
	}
	s.mu.Lock()
	again := s.unheard
	s.unheard = false
	s.mu.Unlock()
	if again {
		lines = append([]string{"READY=1"}, lines...)
	}
	err := notify.Send(s.notify, lines...)
	if err != nil && again {
		s.setUnheard()
	}
	return err
}

// heardWithin bounds the wait for a broker that hangs; one that has gone is
// noticed at once.
const heardWithin = time.Second

// awaitHeard returns once everything that was told has been acted on, by
// systemd's BARRIER=1: whoever reads the socket closes the pipe when it gets
// there. So the endpoint is public, and the event spawned was told, before Serve
// begins.
func (s *session) awaitHeard() {
	r, w, err := os.Pipe()
	if err != nil {
		return
	}
	defer r.Close()
	err = notify.SendFiles(s.notify, []int{int(w.Fd())}, "BARRIER=1")
	w.Close()
	if err == nil && r.SetReadDeadline(time.Now().Add(heardWithin)) == nil {
		_, _ = r.Read(make([]byte, 1)) // the end of the file is the answer
	}
}

func (s *session) setUnheard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unheard = true
}

func (s *session) stopping() {
	s.stopOnce.Do(func() { _ = s.tell("STOPPING=1") }) // nobody has to listen
}

func (s *session) sayReady() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	said := s.ready
	s.ready = true
	s.mu.Unlock()
	if said {
		return nil
	}
	err := s.tell("READY=1")
	if err != nil {
		s.setUnheard()
	}
	return err
}

// serving is called when an accept loop begins: a daemon that accepts and loads
// nothing is ready.
func (s *session) serving() {
	if s == nil {
		return
	}
	s.mu.Lock()
	warm := s.loading == 0 && s.failure == nil
	s.mu.Unlock()
	if warm {
		_ = s.sayReady() // kept if unheard
	}
}

func (s *session) loadBegins() {
	if s == nil {
		return
	}
	s.loads.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loading++
}

func (s *session) loadEnds(ctx context.Context, err error) {
	if s == nil {
		return
	}
	defer s.loads.Done()
	s.mu.Lock()
	s.loading--
	failed := err != nil && s.failure == nil && ctx.Err() == nil
	if failed {
		s.failure = err
	}
	warm := s.loading == 0 && s.failure == nil
	s.mu.Unlock()
	switch {
	case failed:
		s.fail(err)
	case warm && err == nil && ctx.Err() == nil:
		_ = s.sayReady() // kept if unheard
	}
}

// Ready says that the daemon is warm (READY=1), once; saying it again does
// nothing. Few need it: it is said when every Load has succeeded, and without
// one at the first Accept. ctx is Serve's, or one made from it. Without a broker it does nothing; its
// error says that the broker could not be told, which is told again with the
// next message and is no reason to stop.
func Ready(ctx context.Context) error { return sessionOf(ctx).sayReady() }

// Status tells people what the daemon is doing, in one line: "indexed 3 of 40
// packages". It is shown while clients wait, and it shows a long load to be alive.
// ctx and the error are as for Ready.
func Status(ctx context.Context, text string) error {
	return sessionOf(ctx).tell(notify.Text("STATUS", text))
}

// Extend asks for more time, counted from now, where the definition declares a
// start time (EXTEND_TIMEOUT_USEC). ctx and the error are as for Ready.
func Extend(ctx context.Context, d time.Duration) error {
	return sessionOf(ctx).tell("EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(max(d, 0).Microseconds(), 10))
}

// Generation returns the number of the daemon's incarnation, 0 if it has none.
func Generation(ctx context.Context) uint64 {
	if s := sessionOf(ctx); s != nil {
		return s.generation
	}
	return 0
}
