package daemonry

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// A Resolution is the broker's answer to where and how a daemon is.
type Resolution struct {
	Name           // as the broker understood it
	Network string // "unix" or "tcp"
	Address string // a path, or a literal loopback address and port
	State   State
	Ready   bool // the daemon said that it is warm
	// Generation is the number of the daemon's last incarnation; 0: never started.
	Generation uint64
	// Revision changes whenever anything in the broker's answer does.
	Revision uint64
	Status   string    // what the daemon says it is doing; may be empty
	Since    time.Time // since when State holds; zero if unknown
}

// String returns a line such as "x/i is ready on unix /run/user/1000/…/x.sock".
func (r Resolution) String() string {
	return fmt.Sprintf("%s is %s on %s %s", r.Name, r.State, r.Network, r.Address)
}

// Resolve asks the broker, and starts one if none runs, where the daemon that
// name means is reached. Once it has answered, the endpoint is bound and
// connecting to it is not refused. It starts no daemon unless WaitReady is
// given. Errors, the environment and ctx are as for Dial.
func Resolve(ctx context.Context, name string, opts ...Option) (*Resolution, error) {
	began := time.Now()
	if err := switchedOn("resolve", name); err != nil {
		return nil, err
	}
	n, err := ParseName(name)
	if err != nil {
		return nil, err
	}
	c, err := newCall("resolve", n, began, opts)
	if err != nil {
		return nil, err
	}
	if c.wait {
		return c.resolveReady(ctx)
	}
	return c.ask(ctx, question{})
}

// noAnswerLimit is how long ask puts up with brokers that hang up instead of
// answering, counted from the first that does. A broker that restarts needs a
// fraction of a second.
const noAnswerLimit = 10 * time.Second

// ask gets one answer. A broker that goes away before it has answered is being
// replaced, or died while starting: ask starts over, which finds out which.
func (c *call) ask(ctx context.Context, q question) (*Resolution, error) {
	body, err := c.encode(q)
	if err != nil {
		return nil, err
	}
	var pause endpoint.Backoff
	var firstDrop time.Time
	for {
		conn, err := c.broker(ctx)
		if err != nil {
			return nil, err
		}
		answer, err := exchange(ctx, conn, body)
		if err == nil {
			return answer.resolution(c)
		}
		if !dropped(err) || ctx.Err() != nil {
			return nil, c.failure(ctx, "waiting for the broker's answer", err)
		}
		if firstDrop.IsZero() {
			firstDrop = time.Now()
		}
		if time.Since(firstDrop) > noAnswerLimit {
			return nil, c.failure(ctx, "", fmt.Errorf("the broker hangs up instead of answering: %w", err))
		}
		if err := pause.Wait(ctx); err != nil {
			return nil, c.failure(ctx, "waiting for a broker that answers", err)
		}
	}
}

// question is what a ResolveRequest says beyond the name and the definition.
type question struct {
	WaitReady      bool   `json:"waitReady,omitempty"`
	Revision       uint64 `json:"revision,string,omitempty"`
	MaxWait        string `json:"maxWait,omitempty"`
	SeenGeneration uint64 `json:"seenGeneration,string,omitempty"`
}

// encode returns the ResolveRequest in protobuf's JSON form.
func (c *call) encode(q question) ([]byte, error) {
	body, err := json.Marshal(struct {
		Name       string   `json:"name"`
		Definition *Service `json:"definition,omitempty"`
		question
	}{c.name.String(), c.definition, q})
	if err != nil {
		return nil, &Error{Code: CodeInvalidDefinition, Op: c.op, Service: c.name.String(), Err: err}
	}
	return body, nil
}

// An answer is a ResolveResponse in protobuf's JSON form.
type answer struct {
	Service    string       `json:"service"`
	Version    string       `json:"version"`
	Instance   string       `json:"instance"`
	Network    string       `json:"network"`
	Address    string       `json:"address"`
	State      State        `json:"state"`
	Ready      bool         `json:"ready"`
	Generation wireUint64   `json:"generation"`
	Status     string       `json:"status"`
	Revision   wireUint64   `json:"revision"`
	Since      time.Time    `json:"since"`
	Error      *answerError `json:"error"`
}

type answerError struct {
	Code       Code         `json:"code"`
	Kind       string       `json:"kind"`
	Op         string       `json:"op"`
	Service    string       `json:"service"`
	Message    string       `json:"message"`
	Output     string       `json:"output"`
	RetryAfter wireDuration `json:"retryAfter"`
}

func (a *answer) resolution(c *call) (*Resolution, error) {
	if a.Error != nil {
		return nil, a.Error.typed(c)
	}
	if a.Address == "" {
		return nil, &Error{Code: CodeBrokerUnavailable, Op: c.op, Service: c.name.String(), Message: "the broker's answer has no address"}
	}
	return &Resolution{
		Name:    Name{Service: a.Service, Version: a.Version, Instance: a.Instance},
		Network: a.Network, Address: a.Address, State: a.State, Ready: a.Ready,
		Generation: uint64(a.Generation), Revision: uint64(a.Revision), Status: a.Status, Since: a.Since,
	}, nil
}

func (e *answerError) typed(c *call) *Error {
	typed := &Error{
		Code: e.Code, Op: e.Op, Service: e.Service, Kind: e.Kind,
		Message: e.Message, Output: e.Output, RetryAfter: time.Duration(e.RetryAfter),
	}
	if typed.Op == "" {
		typed.Op = c.op
	}
	if typed.Service == "" {
		typed.Service = c.name.String()
	}
	return typed
}

// wireUint64 is a uint64 that protobuf's JSON writes as a string, and reads as
// either.
type wireUint64 uint64

func (n *wireUint64) UnmarshalJSON(text []byte) error {
	return json.Unmarshal([]byte(strings.Trim(string(text), `"`)), (*uint64)(n))
}

// wireDuration is protobuf's JSON form of a duration, "1.5s".
type wireDuration time.Duration

func (d *wireDuration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = wireDuration(v)
	return err
}
