package lifecycle

import (
	"fmt"
	"time"

	"github.com/daemonry/daemonry"
)

// history is what is remembered of failures. A series of failures ends when a
// daemon has been ready for the stable time, or when an operator or a new
// definition gives it a fresh start.
type history struct {
	recent    []Failure     // within the window, oldest first
	count     int           // of the series: the exponent of the backoff
	health    time.Duration // time ready since the last failure
	probation bool          // after the cool-down: the next failure is final
	original  *Failure      // what clients of a failed service are told
	last      *Failure      // the last failure; nil once a generation is ready
	barred    *Failure      // disabled or removed
	troubled  bool          // a failure happened that recovered has not answered
	ends      []time.Time   // of clean exits, within churnWindow
	verdict   verdict       // on the last failure, until it is carried out
}

// verdict is what a failure costs.
type verdict uint8

const (
	verdictNone verdict = iota
	verdictBackoff
	verdictFail
)

// A daemon that exits cleanly is started by the next client without a pause,
// and one that does so without ever taking the client that woke it would spin.
// The bound is systemd's for a socket unit with one service (TriggerLimit):
// more than 20 in 2 s is a failure.
const (
	churnLimit  = 20
	churnWindow = 2 * time.Second
)

// record counts a failure and passes the verdict on it.
func (h *history) record(now time.Time, f Failure, p Policy, giveUp bool) {
	h.recent = append(prune(h.recent, func(f Failure) bool { return now.Sub(f.At) < p.Window }), f)
	h.count++
	h.health, h.last, h.troubled = 0, &f, true
	switch n := len(h.recent); {
	case giveUp:
		h.giveUp(f, "; it is in give_up_on")
	case h.probation:
		h.giveUp(*h.original, "")
	case n > p.Burst:
		h.giveUp(h.recent[0], fmt.Sprintf("; %s in %v", plural(n, "failure"), p.Window))
	default:
		h.verdict = verdictBackoff
	}
}

// giveUp makes cause the one that clients are told. On probation it is already.
func (h *history) giveUp(cause Failure, note string) {
	cause.Code = daemonry.CodeFailed
	cause.Message += note
	h.original, h.verdict, h.recent = &cause, verdictFail, nil
}

// sentence returns the verdict, and that is the end of it.
func (h *history) sentence() verdict {
	v := h.verdict
	h.verdict = verdictNone
	return v
}

// healthy adds the time that p was ready, as it leaves that state.
func (h *history) healthy(now time.Time, p *proc, policy Policy) {
	if p.readyAt.IsZero() {
		return
	}
	h.health += max(0, now.Sub(p.readyAt))
	if h.health >= policy.stable() {
		h.recent, h.count, h.probation, h.original = nil, 0, false, nil
	}
}

// ready is told when a generation is; it reports whether that ends a trouble.
func (h *history) ready() (recovered bool) {
	recovered = h.troubled
	h.last, h.troubled = nil, false
	return recovered
}

// forget makes a fresh start.
func (h *history) forget() { *h = history{troubled: h.troubled} }

// churning reports whether this clean exit is one too many.
func (h *history) churning(now time.Time) bool {
	h.ends = append(prune(h.ends, func(t time.Time) bool { return now.Sub(t) < churnWindow }), now)
	return len(h.ends) > churnLimit
}

// cause returns what a client is to be told; nil: nothing is wrong. It is a
// copy.
func (h *history) cause() *Failure {
	f := h.last
	switch {
	case h.barred != nil:
		f = h.barred
	case f != nil && h.original != nil:
		f = h.original
	}
	if f == nil {
		return nil
	}
	c := *f
	return &c
}

// prune returns the tail of list, whose elements are in order of time, from the
// first that is to be kept.
func prune[T any](list []T, keep func(T) bool) []T {
	for len(list) > 0 && !keep(list[0]) {
		list = list[1:]
	}
	return list
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// supplement adds what a daemon printed before its end to a failure of that
// generation that was known before.
func (h *history) supplement(generation uint64, output string) {
	for _, f := range []*Failure{h.last, h.original} {
		if f != nil && f.Generation == generation && f.Output == "" {
			f.Output = output
		}
	}
}
