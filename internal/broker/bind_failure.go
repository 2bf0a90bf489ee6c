package broker

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/daemonry/daemonry/internal/journal"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/process"
)

// tick is called at the machine's next deadline. If that is the end of a bind
// budget, what the daemon did instead is found out first.
func (u *unit) tick() {
	u.failOverdueBind()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forgiveLocked()
	u.eventLocked((*lifecycle.Machine).Tick)
}

func (u *unit) failOverdueBind() {
	u.mu.Lock()
	p, budget := u.overdueLocked()
	u.mu.Unlock()
	if p == nil {
		return
	}
	what := u.explainBind(p)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bindingLocked(p) {
		u.bindFailedLocked(p, fmt.Sprintf("did not bind its endpoint within %v: %s", budget, what))
	}
}

// overdueLocked returns the generation whose bind budget is over; nil: none.
func (u *unit) overdueLocked() (*running, time.Duration) {
	budget := lifecycle.PolicyOf(u.def.Service).Bind
	for _, p := range u.procs {
		if u.bindingLocked(p) && !p.adopted && budget > 0 && time.Since(p.startedAt) >= budget {
			return p, budget
		}
	}
	return nil, 0
}

// explainBind says what a daemon did instead of listening where it was told to.
func (u *unit) explainBind(p *running) string {
	path := p.bind.path
	if elsewhere := u.listensElsewhere(p); elsewhere != "" {
		return fmt.Sprintf("it listens on %s and not on %s, the path in {socket} and DAEMONRY_ENDPOINT", elsewhere, path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return fmt.Sprintf("what it made at %s is not a socket (%v)", path, info.Mode())
	}
	if _, err := u.claimAt(p, path); err != nil {
		return err.Error()
	}
	return "it has not said that it is done" // an SDK daemon that hangs between bind and serve
}

// listensElsewhere names the addresses that a generation listens on; "" if there
// are none to be seen.
func (u *unit) listensElsewhere(p *running) string {
	members, err := process.Session(p.process.Identity().PID)
	if err != nil {
		return ""
	}
	var addresses []string
	for _, pid := range members {
		fds, _ := process.Sockets(pid)
		for _, fd := range fds {
			if address := addressOf(pid, fd); address != "" && address != p.bind.path && !strings.Contains(strings.Join(addresses, " "), address) {
				addresses = append(addresses, address)
			}
		}
	}
	return strings.Join(addresses, ", ")
}

// addressOf is where a process listens with this descriptor; "" if it does not,
// or that cannot be told.
func addressOf(pid, fd int) string {
	id, err := process.IdentityOf(pid)
	if err != nil {
		return ""
	}
	number, err := copyDescriptor(id, fd)
	if err != nil {
		return ""
	}
	defer closeFD(number)
	return listeningAddress(number)
}

// outputOf is what a generation printed last.
func (u *unit) outputOf(p *running) string {
	return journal.Tail(p.logPath, p.logFrom, outputLimit)
}

// completeFailureLocked adds what the daemon printed to a failure that is told
// while it lives, and keeps it for whoever waits for the start.
func (u *unit) completeFailureLocked(e lifecycle.Event) {
	if e.Failure == nil || e.Type != lifecycle.EventBindFailed && e.Type != lifecycle.EventStartTimeout {
		return
	}
	if p := u.procs[e.Generation]; p != nil && e.Failure.Output == "" {
		e.Failure.Output = u.outputOf(p)
	}
	u.noteStartFailureLocked(*e.Failure)
}

// bindErrorLocked adds to an exit what the daemon said of its failed Bind.
func (p *running) bindErrorLocked(e *lifecycle.Exit) {
	if p.bindError != nil {
		e.BindError, e.BindKind = p.bindError.message, p.bindError.kind
	}
}
