package backend

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/record"
)

// bindGiven binds the path that a broker gave (mode "bind"), and completes the
// record that the broker wrote before our first instruction.
func bindGiven(e Endpoint, env environment, bind func(Endpoint) (net.Listener, error)) (*binding, error) {
	if given, err := ParseEndpoint(env.endpoint); env.endpoint != "" && (err != nil || given.address != e.address) {
		return nil, &BindError{Kind: KindInvalidEndpoint, Endpoint: e, Err: fmt.Errorf("the broker expects it at %q", env.endpoint)}
	}
	// Said before the path exists: the broker, which sees it appear, then waits for
	// the record to be complete.
	_ = (&session{notify: env.notify}).tell(notify.KeyPhase + "=binding")
	l, took, err := bindWithin(e, DefaultBindBudget, bind)
	if err != nil {
		return nil, err
	}
	if err := completeRecord(e, l, env, took); err != nil {
		l.Close()
		return nil, err
	}
	return &binding{
		listeners: []Listener{{Name: listenerName(e), Listener: l}},
		tell:      boundIn(took),
		heard:     true,
		release:   func() { l.Close() },
	}, nil
}

func boundIn(took time.Duration) []string {
	return []string{notify.KeyPhase + "=bound", notify.KeyBindMicros + "=" + strconv.FormatInt(took.Microseconds(), 10)}
}

// completeRecord says bound in our record: the one whose lock is the descriptor
// that we were given. Without that lock (a wrapper closed it) the record is not
// ours to write, and the broker learns of the bind from the notification alone.
func completeRecord(e Endpoint, l net.Listener, env environment, took time.Duration) error {
	dir, key, generation, ok := record.ParsePath(env.record)
	if !ok {
		return &BindError{Kind: KindInvalidEndpoint, Endpoint: e, Err: fmt.Errorf("DAEMONRY_RECORD=%q is not the path of a record", env.record)}
	}
	if !record.Holds(firstFD+env.listeners, record.LockPath(dir, key, generation)) {
		return nil
	}
	r, err := record.Read(env.record)
	if err != nil {
		return recordError(e, err)
	}
	r.Phase, r.BindMicros = record.Bound, took.Microseconds()
	r.Listeners = recordListeners(e, l)
	return recordError(e, record.Write(dir, key, r))
}

func recordError(e Endpoint, err error) error {
	if err == nil {
		return nil
	}
	return &BindError{Kind: KindIO, Endpoint: e, Err: fmt.Errorf("cannot complete the record: %w", err)}
}

func recordListeners(e Endpoint, l net.Listener) []record.Listener {
	listed := record.Listener{Name: listenerName(e), Network: e.network, Address: e.address}
	if own, ok := l.(*listener); ok {
		listed.FD = own.raw.FD()
	}
	return []record.Listener{listed}
}

func listenerName(e Endpoint) string {
	if e.service == "" {
		return "unknown"
	}
	return e.service
}
