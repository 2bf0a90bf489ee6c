package broker

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/proxy"
)

// lingerTime is how long a listener is kept after another took its place and its
// queue was empty, for clients that the kernel had found it for before. It is
// looked at once more before it is closed.
const lingerTime = time.Second

// takeListenersLocked is forgetListenersLocked, but they stay open.
func (u *unit) takeListenersLocked() []*endpoint.Listener {
	for i, l := range u.listeners {
		u.b.armed.Delete(u.tokens[i])
		_ = u.b.watcher.Remove(l.FD()) // not added yet
	}
	taken := u.listeners
	u.listeners, u.tokens = nil, nil
	return taken
}

// handOverLocked passes on to the endpoint whoever waits on listeners that are
// not the endpoint any more, and closes them.
func (u *unit) handOverLocked(listeners []*endpoint.Listener) {
	for _, l := range listeners {
		u.b.spawnGoroutine(func() { u.handOver(l) })
	}
}

func (u *unit) handOver(l *endpoint.Listener) {
	defer l.Close()
	if err := l.SetNonblock(true); err != nil { // no daemon holds it any more
		u.b.log.Error("cannot hand over clients", "service", u.name.String(), "error", err)
		return
	}
	u.drain(l)
	timer := time.NewTimer(lingerTime)
	defer timer.Stop()
	select {
	case <-u.b.ctx.Done():
	case <-timer.C:
		u.drain(l)
	}
}

// shortagePause is for a broker that has no descriptors left: some will be closed.
const shortagePause = 50 * time.Millisecond

// drain empties a queue. The clients are passed on one after the other: as long
// as the daemon's queue is full they wait in this one.
func (u *unit) drain(l *endpoint.Listener) {
	for u.b.ctx.Err() == nil {
		fd, err := l.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
			<-time.After(shortagePause)
			continue
		case err != nil:
			return // nobody waits
		}
		if client := streamOf(fd); client != nil {
			u.passOn(client)
		}
	}
}

// streamOf takes over a descriptor of a client; nil if it is not one of this
// user's, whose connection is closed.
func streamOf(fd int) proxy.Stream {
	f := os.NewFile(uintptr(fd), "client")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil
	}
	client, ok := conn.(*net.UnixConn)
	if !ok || endpoint.CheckPeer(client) != nil {
		conn.Close()
		return nil
	}
	return client
}

// passOn connects a client with whoever listens at the endpoint now. A daemon that
// dies in this moment has a successor, for whom the client waits.
func (u *unit) passOn(client proxy.Stream) {
	var pause endpoint.Backoff
	for {
		conn, err := endpoint.Dial(u.b.ctx, "unix", u.path)
		if err == nil {
			u.b.spawnGoroutine(func() { u.b.pump.Join(u.b.ctx, client, conn.(*net.UnixConn)) })
			return
		}
		if u.b.ctx.Err() != nil || u.withdrawn() || pause.Wait(u.b.ctx) != nil {
			client.Close()
			return
		}
	}
}

// withdrawn reports whether there is no endpoint, and none is meant to be.
func (u *unit) withdrawn() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.gone || closed(u.machine.View().State)
}
