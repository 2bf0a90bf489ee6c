package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/daemonry/daemonry"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// cacheService is the name under which the cache's clients ask for it.
const cacheService = "gocache"

// observed is what was seen of broker and daemon over the whole demo.
type observed struct {
	client  daemonryv1connect.BrokerClient
	brokers map[int32]bool
	daemons map[int32]bool
	last    *daemonryv1.Service
}

func newObserved() *observed {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return daemonry.DialBroker(ctx)
	}}
	return &observed{
		client:  daemonryv1connect.NewBrokerClient(&http.Client{Transport: transport}, "http://daemonry"),
		brokers: map[int32]bool{}, daemons: map[int32]bool{},
	}
}

// look notes which broker and daemon there are now.
func (o *observed) look(ctx context.Context) error {
	_, err := o.service(ctx)
	return err
}

func (o *observed) service(ctx context.Context) (*daemonryv1.Service, error) {
	r, err := o.client.Get(ctx, connect.NewRequest(&daemonryv1.GetRequest{Name: cacheService}))
	if err != nil {
		return nil, fmt.Errorf("cannot ask the broker: %w", err)
	}
	o.brokers[r.Msg.Broker.Pid] = true
	if r.Msg.Service.Pid != 0 {
		o.daemons[r.Msg.Service.Pid] = true
	}
	o.last = r.Msg.Service
	return r.Msg.Service, nil
}

// stats are the cache's own counters, of the daemon that runs now.
type stats struct {
	Objects uint64 `json:"objects"`
	Hits    uint64 `json:"hits"`
	Misses  uint64 `json:"misses"`
	Puts    uint64 `json:"puts"`
}

// stats asks the cache; zeros if it does not answer (it is being replaced).
func (d *demo) stats(ctx context.Context) stats {
	var s stats
	cmd := d.goCommand(ctx, d.env)
	cmd.Path, cmd.Args, cmd.Err = d.gocache, []string{"gocache", "stats", "--json"}, nil
	out, err := cmd.Output()
	if err != nil || json.Unmarshal(out, &s) != nil {
		return stats{}
	}
	return s
}

// conclude checks what was promised and tells it.
func (d *demo) conclude(ctx context.Context) error {
	s, err := d.seen.service(ctx)
	if err != nil {
		return err
	}
	connect, err := timeDials(ctx)
	if err != nil {
		return err
	}
	d.say("")
	d.say("brokers   %d", len(d.seen.brokers))
	d.say("daemons   %d, one at a time; %d starts: the first, and one after the kill", len(d.seen.daemons), s.Starts)
	d.say("connect   %s to the warm daemon (one connect(2), the best of 100)", connect.Round(time.Microsecond))
	if p := s.Phases; p.ReadyMs != nil {
		d.say("warm      %.1f ms from the decision to start to ready, with %d objects in the index", *p.ReadyMs, d.stats(ctx).Objects)
	}
	d.say("builds    %d, of which %d failed", 3*len(targets()), d.failed)
	d.say("\nall of it took %s", seconds(time.Since(d.began)))
	if len(d.seen.brokers) != 1 || s.Starts != 2 {
		return fmt.Errorf("a promise did not hold: %d brokers (want 1), %d starts (want 2)", len(d.seen.brokers), s.Starts)
	}
	return nil
}

func timeDials(ctx context.Context) (best time.Duration, err error) {
	for range 100 {
		began := time.Now()
		conn, err := daemonry.Dial(ctx, cacheService)
		if err != nil {
			return 0, err
		}
		took := time.Since(began)
		conn.Close()
		if best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}
