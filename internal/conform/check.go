package conform

import "slices"

// A Check is one rule for daemons, and how to show that it is kept.
type Check struct {
	Name    string
	Promise string // of DESIGN.md, as in "P1, §6"
	Why     string // one sentence
	Hint    string // what to do when it fails

	needs []string // checks that must not have failed
	only  Mode     // empty: both
}

// Names of checks that others build on.
const (
	takesListener  = "takes-listener"
	binds          = "binds"
	answers        = "answers"
	oneListener    = "one-listener"
	keepsMode      = "keeps-mode"
	logs           = "log"
	children       = "children"
	stops          = "stops"
	keepsPath      = "keeps-path"
	keepsListener  = "keeps-listener"
	announces      = "ready"
	queue          = "queue"
	state          = "state-blocked"
	drains         = "drains"
	survivesBroker = "survives-broker"
	twoAtOnce      = "two-at-once"
	speed          = "speed"
	restarts       = "restart"
)

// Checks returns all checks in the order in which they are made: first what one
// life shows, from its start to its end, then what needs lives of its own, and
// last what may leave traces in a daemon's state.
func Checks() []Check {
	return slices.Concat(beginnings(), surroundings(), endings(), promises(), accidents())
}

// beginnings are about how a daemon comes to serve.
func beginnings() []Check {
	return []Check{
		{
			Name: takesListener, Promise: "P1, §6", only: Inherit,
			Why:  "The endpoint exists before the daemon: clients wait in the backlog of the listener that it inherits.",
			Hint: "accept on descriptor 3 if LISTEN_PID is your pid (sd_listen_fds(3); in Go backend.Main); run in the foreground and do not bind the path again",
		},
		{
			Name: binds, Promise: "P2, §7, §11", only: Bind,
			Why:  "In this mode clients wait until the daemon listens at exactly the path that it was given.",
			Hint: "bind and listen at DAEMONRY_ENDPOINT (or {socket} in the command) before anything else, and call listen at once",
		},
		{
			Name: answers, Promise: "§14", needs: first(),
			Why:  "Whatever else is looked at with a request means something only if the request is answered.",
			Hint: "compare --send and --expect with what the daemon speaks; --expect is looked for anywhere in the answer",
		},
	}
}

// surroundings are about what a daemon does to what it was given.
func surroundings() []Check {
	return []Check{
		{
			Name: oneListener, Promise: "P1, P13, §6", needs: first(),
			Why:  "A second socket is one that nobody guards, supervises or hands over to the next generation.",
			Hint: "listen on nothing but the endpoint; declare further listeners in the definition (listen = [...]) and inherit them",
		},
		{
			Name: keepsMode, Promise: "P13", needs: first(), only: Inherit,
			Why:  "The endpoint is the user's alone; a mode that lets others in opens the daemon to them.",
			Hint: "do not chmod or chown the socket that you inherit",
		},
		{
			Name: logs, Promise: "P7, §6", needs: first(),
			Why:  "What a daemon printed last is in the error that its clients get, and in `daemonry logs`.",
			Hint: "log to standard error and leave it where it points: no --daemonize, no log file of its own",
		},
		{
			Name: children, Promise: "P5, P12", needs: first(),
			Why:  "A child that holds the listener keeps its backlog alive without ever accepting from it.",
			Hint: "set FD_CLOEXEC on the listener once you have taken it (Go and Python's subprocess do; in C fcntl(3, F_SETFD, FD_CLOEXEC))",
		},
	}
}

// endings are about how a daemon goes, and what it leaves.
func endings() []Check {
	return []Check{
		{
			Name: stops, Promise: "§6, §12", needs: first(),
			Why:  "A daemon that does not end by itself is killed after the grace, and one that ends with an error counts as crashed.",
			Hint: "on SIGTERM stop accepting, finish what was accepted, and exit with status 0; --stop-signal names another signal, --grace another time",
		},
		{
			Name: keepsPath, Promise: "P1, §5", needs: first(), only: Inherit,
			Why:  "Without the path new clients are refused until the broker has put it back.",
			Hint: "do not unlink the socket's path, neither at start nor at exit: it is not yours when the listener was inherited",
		},
		{
			Name: keepsListener, Promise: "P1, §9", needs: first(), only: Inherit,
			Why:  "shutdown(2) reaches every process that has the listener: queued clients hang and new ones are refused.",
			Hint: "close the listener, never shut it down; in Python socket.close(), not socket.shutdown()",
		},
	}
}

// promises are what clients rely on.
func promises() []Check {
	return []Check{
		{
			Name: announces, Promise: "P6, §3, §11", needs: append(first(), answers),
			Why:  "Who waits for readiness is let through at READY=1 and expects an answer then.",
			Hint: "send READY=1 to NOTIFY_SOCKET when a request would be answered at once, not before, and STATUS= before the first accept if that takes a while; or never speak there, and the first accept counts",
		},
		{
			Name: queue, Promise: "P1", needs: append(first(), answers), only: Inherit,
			Why:  "Clients that came before the daemon did must not pay for being early.",
			Hint: "accept until the backlog is empty, and serve every connection that accept returns",
		},
		{
			Name: state, Promise: "P2, O1, O2", needs: first(),
			Why:  "Loading takes as long as it takes; the endpoint must not wait for it.",
			Hint: "accept first and load beside the accept loop (in Go backend.Load); let early connections wait for the state, not the door",
		},
		{
			Name: drains, Promise: "P10, §6", needs: append(first(), answers),
			Why:  "Stops, upgrades and idle stops happen while requests are under way; none of them may be lost.",
			Hint: "after the stop signal serve every connection that was accepted before it, then exit with status 0",
		},
	}
}

// accidents are about what happens around a daemon.
func accidents() []Check {
	return []Check{
		{
			Name: survivesBroker, Promise: "P9", needs: append(first(), answers),
			Why:  "Brokers are killed and replaced; daemons and their clients must not notice.",
			Hint: "do not tie your life to the parent (no PR_SET_PDEATHSIG, no watching of getppid) and ignore errors of NOTIFY_SOCKET",
		},
		{
			Name: twoAtOnce, Promise: "P10", needs: append(first(), answers),
			Why:  "A new build is proven on the same listener before the old one leaves; without this upgrades wait until the daemon is idle.",
			Hint: "let two copies share what they keep on disk, and accept without exclusive locks; if that cannot be, set [policy] upgrade = \"when_idle\" and leave this check out (--skip two-at-once)",
		},
		{
			Name: speed, Promise: "P2, §12", needs: first(),
			Why:  "What a first client waits for; in mode bind nobody is served until the daemon listens.",
			Hint: "bind before loading anything; --bind-budget sets another limit",
		},
		{
			Name: restarts, Promise: "P1, P8", needs: append(first(), answers, queue),
			Why:  "A crash must cost nobody in the queue, and must not need a person to clean up.",
			Hint: "do not refuse to start because of what a predecessor left behind: use kernel locks, which die with their holder, not pid files",
		},
	}
}

// first is what every further check builds on: one of the two, according to the
// mode.
func first() []string { return []string{takesListener, binds} }

// inOther says why a check of one mode does not apply in the other.
func inOther(only Mode) string {
	if only == Inherit {
		return "the listener is the daemon's own in mode bind"
	}
	return "the listener is inherited in this mode"
}

func find(name string) (Check, bool) {
	all := Checks()
	i := slices.IndexFunc(all, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return Check{}, false
	}
	return all[i], true
}

func names() []string {
	var list []string
	for _, c := range Checks() {
		list = append(list, c.Name)
	}
	return list
}
