// Package waits has Binds that wait, and some that only seem to.
package waits

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/daemonry/daemonry/backend"
)

type server struct{}

func (server) Serve(context.Context, net.Listener) error { return nil }

type channels struct{ server }

func (channels) Bind(e backend.Endpoint) (net.Listener, error) {
	ch := make(chan int)
	ch <- 1        // want `Bind of channels may block: send to a channel`
	<-ch           // want `may block: receive from a channel`
	for range ch { // want `may block: range over a channel`
	}
	select { // want `may block: select without default`
	case <-ch:
	case v := <-ch:
		_ = v
	}
	return backend.Listen(e)
}

type sleeps struct{ server }

func (sleeps) Bind(e backend.Endpoint) (net.Listener, error) {
	time.Sleep(time.Millisecond) // want `Bind of sleeps may block: time.Sleep`
	pause()                      // want `may block: pause → time.Sleep \(waits.go:\d+\)`
	var wg sync.WaitGroup
	wg.Go(pause)
	wg.Wait() // want `may block: sync.WaitGroup.Wait`
	l, err := backend.Listen(e)
	l.Accept() // want `may block: net.Listener.Accept`
	return l, err
}

func pause() { time.Sleep(time.Second) }

type locks struct{ server }

func (locks) Bind(e backend.Endpoint) (net.Listener, error) {
	var mu sync.Mutex
	mu.Lock() // want `Bind of locks takes a lock: sync.Mutex.Lock`
	defer mu.Unlock()
	guarded() // want `takes a lock: guarded → sync.RWMutex.RLock`
	if mu.TryLock() {
		return nil, nil
	}
	return backend.Listen(e)
}

func guarded() { new(sync.RWMutex).RLock() }

// fine does not wait: what others wait for is their affair.
type fine struct{ server }

func (fine) Bind(e backend.Endpoint) (net.Listener, error) {
	ch, full := make(chan int, 1), make(chan int)
	ch <- 1
	select {
	case <-ch:
	case full <- 1:
	default:
	}
	go pause()
	go func() { <-ch }()
	time.AfterFunc(time.Second, pause)
	context.AfterFunc(context.Background(), func() { time.Sleep(1) })
	return backend.Listen(e)
}
