package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/notify"
)

// A binding is an endpoint taken: what Serve needs, and how to give it back.
type binding struct {
	listeners  []Listener
	generation uint64
	notify     string   // where a later broker will listen; "": as the environment says
	tell       []string // for the broker, once all of it is in place
	heard      bool     // Serve is not entered before the broker has heard that
	release    func()
}

// start is Bootstrap; early is why there is nothing to start.
func start(ctx context.Context, e Endpoint, env environment, early error, m methods) error {
	s := &session{service: e.service, generation: env.generation, notify: env.notify}
	b, err := take(e, env, early, m.bind)
	if err != nil {
		failed := asBindError(e, err)
		// Best effort: it is on standard error, too.
		_ = s.tell(notify.KeyBindErrorKind+"="+string(failed.Kind), notify.Text(notify.KeyBindError, failed.Error()))
		return failed
	}
	defer b.release()
	s.listeners = b.listeners
	s.generation = max(s.generation, b.generation)
	if b.notify != "" {
		s.notify = b.notify
	}
	if err := s.tell(b.tell...); err == nil && b.heard { // the record says the same
		s.awaitHeard()
	}
	defer s.answerRecalls()()
	return s.serve(ctx, m.serve)
}

// take gets the endpoint in the form that the environment calls for.
func take(e Endpoint, env environment, early error, bind func(Endpoint) (net.Listener, error)) (*binding, error) {
	switch {
	case early != nil:
		return nil, early
	case e.network == "":
		return nil, &BindError{Kind: KindInvalidEndpoint, Err: errors.New("there is none")}
	case env.listeners > 0:
		return inherit(env)
	case env.record != "":
		return bindGiven(e, env, bind)
	}
	return bindByHand(e, env, bind)
}

// inherit takes the descriptors that were handed down. Bind is not called: the
// endpoint exists.
func inherit(env environment) (*binding, error) {
	// Said before the first accept: whoever waits for readiness then knows
	// that there will be a READY, and does not take the accept for it.
	b := &binding{tell: []string{notify.KeyPhase + "=serving"}}
	b.release = func() { closeAll(b.listeners) }
	for i, name := range env.names {
		l, err := takeDescriptor(firstFD + i)
		if err != nil {
			b.release()
			return nil, fmt.Errorf("inherited listener %d (%s): %w", i+1, name, err)
		}
		b.listeners = append(b.listeners, Listener{Name: name, Listener: l})
	}
	return b, nil
}

func takeDescriptor(fd int) (net.Listener, error) {
	raw, err := endpoint.FromFD(fd)
	if err != nil {
		return nil, err
	}
	return newListener(raw, true)
}

func closeAll(listeners []Listener) {
	for _, l := range listeners {
		_ = l.Close() // often closed before
	}
}

// bindWithin calls Bind and checks what it made. A Bind that has not returned
// within its budget is left behind; what it makes later is closed.
func bindWithin(e Endpoint, budget time.Duration, bind func(Endpoint) (net.Listener, error)) (net.Listener, time.Duration, error) {
	type result struct {
		l    net.Listener
		err  error
		took time.Duration
	}
	results := make(chan result, 1)
	go func() {
		begun := time.Now()
		l, err := protectBind(e, bind)
		results <- result{l, err, time.Since(begun)}
	}()
	select {
	case r := <-results:
		if r.err == nil {
			r.err = check(e, r.l)
		}
		return r.l, r.took, r.err
	case <-time.After(budget):
		go func() {
			if r := <-results; r.l != nil {
				r.l.Close()
			}
		}()
		return nil, budget, &BindError{Kind: KindOther, Endpoint: e, Err: fmt.Errorf("the method Bind has not returned within %v: what takes time belongs in Serve", budget)}
	}
}

func protectBind(e Endpoint, bind func(Endpoint) (net.Listener, error)) (l net.Listener, err error) {
	defer func() {
		if p := recover(); p != nil {
			os.Stderr.Write(debug.Stack())
			err = &BindError{Kind: KindOther, Endpoint: e, Err: fmt.Errorf("the method Bind panicked: %v", p)}
		}
	}()
	return bind(e)
}

// check refuses, and closes, a listener that is not the endpoint's.
func check(e Endpoint, l net.Listener) error {
	if l == nil {
		return &BindError{Kind: KindOther, Endpoint: e, Err: errors.New("the method Bind returned neither a listener nor an error")}
	}
	err := listening(l)
	if at := l.Addr().String(); err == nil && at != e.address {
		err = fmt.Errorf("the method Bind made a listener at %s", at)
	}
	if err != nil {
		l.Close()
		return &BindError{Kind: KindOther, Endpoint: e, Err: err}
	}
	return nil
}
