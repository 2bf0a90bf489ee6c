package lifecycle

import (
	"slices"
	"strconv"
	"time"

	"github.com/daemonry/daemonry"
)

// The defaults of a definition that says nothing (docs/LIFECYCLE.md has them in
// a table).
const (
	DefaultBind       = 10 * time.Second // mode bind, from exec; SDK daemons enforce 500 ms around Bind themselves
	DefaultSlowStart  = 90 * time.Second // systemd's DefaultTimeoutStartSec, though here nobody is killed
	DefaultStop       = 10 * time.Second
	DefaultStall      = 30 * time.Second
	DefaultBurst      = 5
	DefaultWindow     = 60 * time.Second
	DefaultBackoffMin = 100 * time.Millisecond
	DefaultBackoffMax = 30 * time.Second
	DefaultCooldown   = 30 * time.Second
)

// Policy is what a definition says about time and failures.
type Policy struct {
	// Start is the declared time from the start to readiness; zero: none, it may
	// load as long as it likes.
	Start time.Duration
	// Bind is the budget from the start to a bound endpoint, in mode bind; zero:
	// there is no such phase.
	Bind time.Duration
	// SlowStart is how long a starting daemon may say nothing before the event
	// slow_start tells about it; zero: never.
	SlowStart time.Duration
	// Stop is the time between Terminate and Kill; zero: no grace, Kill comes with
	// the next Tick.
	Stop time.Duration
	// Stall and Idle are for whoever watches the daemon and calls Stall and
	// IdleStop; the machine itself does not use them. Zero: not watched.
	Stall, Idle time.Duration
	// Burst is how many failures within Window are answered by another start; one
	// more and the service is failed. Zero: the first failure is one too many.
	Burst  int
	Window time.Duration
	// BackoffMin is the pause after the first failure; it doubles with each one
	// up to BackoffMax, and ±20 % is added to the result. BackoffMin zero: no
	// pause; BackoffMax not above it: no doubling.
	BackoffMin, BackoffMax time.Duration
	// Cooldown is how long a failed service rests before its next attempt.
	Cooldown time.Duration
	// Stable is the time ready, summed over generations since the last failure,
	// that ends a series of failures; zero: Window.
	Stable time.Duration
	// GiveUp has the exit codes ("78") and signals ("SIGILL") after which no start
	// is tried before the cool-down.
	GiveUp []string
	// Seamless allows two generations at once during an upgrade.
	Seamless bool
}

// PolicyOf returns the policy of a definition, with the defaults filled in.
func PolicyOf(s daemonry.Service) Policy {
	p := Policy{
		Start:      time.Duration(s.Limits.Start),
		SlowStart:  DefaultSlowStart,
		Stop:       s.Limits.Stop.Or(DefaultStop),
		Stall:      s.Limits.Stall.Or(DefaultStall),
		Idle:       time.Duration(s.Limits.Idle),
		Burst:      s.Restart.Burst,
		Window:     s.Restart.Window.Or(DefaultWindow),
		BackoffMin: s.Restart.BackoffMin.Or(DefaultBackoffMin),
		BackoffMax: s.Restart.BackoffMax.Or(DefaultBackoffMax),
		Cooldown:   s.Restart.Cooldown.Or(DefaultCooldown),
		GiveUp:     slices.Clone(s.Restart.GiveUpOn),
		Seamless:   s.Policy.Upgrade == "seamless",
	}
	if p.Burst == 0 {
		p.Burst = DefaultBurst
	}
	if s.Mode == daemonry.ModeBind {
		p.Bind = s.Limits.Bind.Or(DefaultBind)
	}
	p.Stable = p.Window
	return p
}

func (p Policy) stable() time.Duration {
	if p.Stable == 0 {
		return p.Window
	}
	return p.Stable
}

// givesUp reports whether no start is to be tried after e.
func (p Policy) givesUp(e Exit) bool {
	switch {
	case !e.Known:
		return false
	case e.Signal != "":
		return slices.Contains(p.GiveUp, e.Signal)
	}
	return slices.Contains(p.GiveUp, strconv.Itoa(e.Code))
}

// backoff returns the pause after the nth failure of a series, n from 1;
// jitter in [0,1).
func (p Policy) backoff(n int, jitter float64) time.Duration {
	d := p.BackoffMin
	for ; n > 1 && d < p.BackoffMax; n-- {
		d = min(2*d, p.BackoffMax)
	}
	return time.Duration(float64(d) * (0.8 + 0.4*jitter))
}
