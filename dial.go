package daemonry

import (
	"context"
	"net"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// Dial connects to the daemon that name means, "service[@version][/instance]",
// and starts whatever is missing: the daemon, the broker, both. The connection is
// the operating system's own, a *net.UnixConn (or *net.TCPConn for a service
// that listens on nothing else), with nothing in between.
//
// A warm Dial is one connect(2) to a path that is derived from the name, a look
// at the directory before it and at the peer's uid after it. Only if nobody
// listens there, or a version is named, is the broker asked.
//
// Dial returns when it is connected, which with a daemon that still loads is
// long before the first answer: reads wait until the daemon takes the connection
// from the backlog. WaitReady waits for warmth instead.
//
// It gives up when ctx ends, and then says what it was waiting for: the *Error
// has CodeTimeout and wraps ctx.Err(). Without a deadline a full backlog is waited
// for without limit; starting a broker is given up after 10 s in any case. ctx
// does not concern the connection once Dial has returned.
//
// Every error is an *Error. With DAEMONRY=off in the environment it has CodeOff
// and comes at once; "0" and "false" mean the same, and a value other than those,
// "on", "1" and "" is refused with CodeInvalidDefinition.
func Dial(ctx context.Context, name string, opts ...Option) (net.Conn, error) {
	began := time.Now()
	if err := switchedOn("dial", name); err != nil {
		return nil, err
	}
	n, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	if len(opts) == 0 && n.Version == "" {
		conn, err := dialDerived(ctx, n)
		if err == nil || !absent(err) {
			return conn, failure(ctx, "dial", name, "connecting", err)
		}
		return (&call{op: "dial", name: n, began: began}).dialResolved(ctx)
	}
	c, err := newCall("dial", n, began, opts)
	if err != nil {
		return nil, err
	}
	if c.wait {
		return c.dialReady(ctx)
	}
	return c.dial(ctx)
}

// dialDerived connects to the path that follows from the name alone.
func dialDerived(ctx context.Context, n Name) (net.Conn, error) {
	path, err := endpoint.Find(n.Service, "", n.Instance)
	if err != nil {
		return nil, err
	}
	return endpoint.Dial(ctx, "unix", path)
}

// A call is one Dial or Resolve that needs more than a connect. It is for one
// goroutine.
type call struct {
	options
	op     string
	name   Name
	began  time.Time
	starts int // brokers started on this call's behalf
}

func newCall(op string, n Name, began time.Time, opts []Option) (*call, error) {
	c := &call{op: op, name: n, began: began, options: *gather(opts)}
	switch {
	case c.instance == "" || c.instance == n.Instance:
	case n.Instance == "":
		c.name.Instance = c.instance
	default:
		return nil, &Error{Code: CodeUnknownService, Op: op, Service: n.String(), Message: "the name says instance " + n.Instance + ", the option " + c.instance}
	}
	return c, nil
}

// asksFirst reports whether the path cannot be derived, or not be trusted to be
// the version that is meant.
func (c *call) asksFirst() bool {
	return c.name.Version != "" || c.definition != nil && c.definition.Version != ""
}

func (c *call) dial(ctx context.Context) (net.Conn, error) {
	if !c.asksFirst() {
		conn, err := dialDerived(ctx, c.name)
		if err == nil || !absent(err) {
			return conn, c.failure(ctx, "connecting", err)
		}
	}
	return c.dialResolved(ctx)
}

// dialResolved asks the broker where to connect, as often as the answer turns
// out to be outdated.
func (c *call) dialResolved(ctx context.Context) (net.Conn, error) {
	var pause endpoint.Backoff
	for {
		res, err := c.ask(ctx, question{})
		if err != nil {
			return nil, err
		}
		conn, err := endpoint.Dial(ctx, res.Network, res.Address)
		if err == nil || !absent(err) {
			return conn, c.failure(ctx, "connecting to "+res.Address, err)
		}
		if ctxErr := pause.Wait(ctx); ctxErr != nil {
			return nil, c.failure(ctx, "waiting for somebody to listen on "+res.Address, ctxErr)
		}
	}
}

// DialBroker connects to the broker's control socket, which speaks the Connect
// protocol (see docs/PROTOCOL.md), and starts a broker if none runs, unless
// NoStart is given or DAEMONRY=off. Other options mean nothing here.
func DialBroker(ctx context.Context, opts ...Option) (net.Conn, error) {
	c := &call{op: "reach the broker", began: time.Now(), options: *gather(opts)}
	if err := switchedOn(c.op, ""); err != nil {
		c.noStart = true
	}
	return c.broker(ctx)
}
