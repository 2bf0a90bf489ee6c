package lifecycle

import (
	"fmt"
	"time"

	"github.com/daemonry/daemonry"
)

// A Verb is something the machine wants done.
type Verb uint8

// The verbs. Those that name no generation act on the endpoint.
const (
	// Spawn starts Generation now.
	Spawn Verb = iota + 1
	// Arm watches the listener for one event: Pending, also for what is already
	// waiting. Being watched twice is being watched once.
	Arm
	// Disarm stops watching. A Pending that was on its way does no harm.
	Disarm
	// Terminate sends the stop signal to the group of Generation. If it is still
	// at the gate, the start is aborted and SpawnFailed reported.
	Terminate
	// Kill sends SIGKILL to the group of Generation; it is asked once.
	Kill
	// Evidence collects the stacks of Generation. What comes next in the same
	// actions (Terminate, often) waits for it.
	Evidence
	// Publish makes the endpoint reachable again: link it back, or bind anew.
	Publish
	// Withdraw takes the endpoint away and closes what is queued; Failure says why.
	Withdraw
	// Freeze is the first half of an idle stop. The watcher that found the daemon
	// idle does it by itself before it calls IdleStop; no event returns it.
	Freeze
	// Thaw lets Generation run again, after IdleStop.
	Thaw
	// Emit tells the world that Event happened.
	Emit
)

var verbNames = [...]string{
	Spawn: "Spawn", Arm: "Arm", Disarm: "Disarm", Terminate: "Terminate", Kill: "Kill",
	Evidence: "Evidence", Publish: "Publish", Withdraw: "Withdraw", Freeze: "Freeze", Thaw: "Thaw", Emit: "Emit",
}

// String returns the verb's name.
func (v Verb) String() string {
	if int(v) < len(verbNames) && verbNames[v] != "" {
		return verbNames[v]
	}
	return fmt.Sprintf("Verb(%d)", uint8(v))
}

// An Action is one thing to do.
type Action struct {
	Do         Verb
	Generation uint64   // of Spawn, Terminate, Kill, Evidence, Thaw
	Failure    *Failure // of Withdraw
	Event      Event    // of Emit
}

// The types of events, as they are journalled and streamed. EventBusy is for
// the watcher that found a full queue and a daemon at work: no state changes.
const (
	EventSpawned        = "spawned"         // the daemon runs; in mode bind: and has bound
	EventBound          = "bound"           // it has bound its endpoint
	EventReady          = "ready"           // it is warm
	EventExited         = "exited"          // a generation is over; Cause says how
	EventBackoff        = "backoff"         // after a failure; Cause says for how long
	EventFailed         = "failed"          // past the restart intensity, or told to give up
	EventRecovered      = "recovered"       // ready again after one or more failures
	EventStopping       = "stopping"        // on its way out; Cause says why
	EventStopped        = "stopped"         // and gone
	EventDisabled       = "disabled"        //
	EventEnabled        = "enabled"         //
	EventSlowStart      = "slow_start"      // starting and silent for long; nobody is killed
	EventStall          = "stall"           // ready, but takes no connections and does nothing
	EventBusy           = "busy"            // the same, but at work
	EventStartTimeout   = "start_timeout"   // did not bind, or become ready, in its time
	EventBindFailed     = "bind_failed"     // it will not have its endpoint; Cause says what it did instead
	EventIdleStop       = "idle_stop"       // stopping because nobody uses it
	EventUpgradeStarted = "upgrade_started" // a new build is on trial
	EventUpgraded       = "upgraded"        // it is ready and serves
	EventUpgradeFailed  = "upgrade_failed"  // it is not; the old one, if any, stays
	EventAdopted        = "adopted"         // a live daemon was found and taken over
	EventListenerLost   = "listener_lost"   // the endpoint had vanished and is made again
	EventRestarted      = "restarted"       // the start that an operator, or an upgrade, had another make room for
)

// An Event is something that happened, for people and programs that watch.
type Event struct {
	Type       string
	Generation uint64         // zero if it concerns none
	From, To   daemonry.State // before and after the call that returned it; often the same
	Cause      string         // in words; may be empty
	Failure    *Failure       // nil unless something failed
}

// A Failure is why a daemon does not serve.
type Failure struct {
	Code       daemonry.Code
	Kind       string // the bind error's kind, where there is one
	Message    string // why, in words
	Output     string // what the daemon printed last
	Generation uint64 // whose failure it is; zero if nobody's
	At         time.Time
}

// An Exit is how a process ended. Its zero value is an end whose status nobody
// could learn (an adopted daemon on an older kernel).
type Exit struct {
	Known  bool
	Code   int    // exit status, if Signal is empty
	Signal string // "SIGKILL"; empty: it exited by itself
	Core   bool   // dumped core
	Output string // what it printed last
	At     time.Time
	// BindError is what the daemon said of its failed Bind, or the broker of it, and
	// BindKind its kind; empty: nobody said anything.
	BindError, BindKind string
}

// String returns "exited with status 1", "killed by SIGSEGV (core dumped)" or
// "ended, status unknown".
func (e Exit) String() string {
	switch {
	case !e.Known:
		return "ended, status unknown"
	case e.Signal != "" && e.Core:
		return "killed by " + e.Signal + " (core dumped)"
	case e.Signal != "":
		return "killed by " + e.Signal
	}
	return fmt.Sprintf("exited with status %d", e.Code)
}

// clean reports whether the process ended well by its own wish.
func (e Exit) clean() bool { return e.Known && e.Signal == "" && e.Code == 0 }
