package fastbind

import (
	"fmt"
	"strings"
)

// A kind says what a function does that Bind may not do. The words are those of
// known.txt.
type kind string

// The kinds. The first six are input and output.
const (
	file     kind = "file"
	network  kind = "network"
	process  kind = "process"
	database kind = "database"
	output   kind = "output"
	system   kind = "system"

	wait   kind = "wait"   // waits for somebody: a channel, a sleep
	lock   kind = "lock"   // takes a lock
	state  kind = "state"  // reads or writes a package variable that changes
	load   kind = "load"   // loads the daemon's state
	unseen kind = "unseen" // calls something that the analyzer cannot follow
)

// The words of known.txt that are not effects.
const (
	pure  kind = "pure"  // nothing Bind may not do
	args  kind = "args"  // reads from or writes to its arguments: it depends on them
	async kind = "async" // calls its function argument later, on another goroutine
	kept  kind = "kept"  // keeps its function argument: it does not call it
)

// A category groups kinds: at most one effect of each is carried from a callee
// to its caller.
type category int

const (
	doesIO category = iota
	waits
	locks
	usesState
	hidden
	categories // how many there are
)

func (k kind) category() category {
	switch k {
	case wait:
		return waits
	case lock:
		return locks
	case state, load:
		return usesState
	case unseen:
		return hidden
	default:
		return doesIO
	}
}

// crosses says whether the effect matters to a package of another module. A lock
// or a variable inside somebody else's library is not the backend's state, and
// what cannot be seen there is not the author's to change.
func (c category) crosses() bool { return c == doesIO || c == waits }

// predicate is what a finding says after "Bind of x".
func (k kind) predicate() string {
	switch k {
	case file:
		return "does file input/output"
	case network:
		return "uses the network"
	case process:
		return "uses processes"
	case database:
		return "uses a database"
	case output:
		return "writes output"
	case system:
		return "makes system calls"
	case wait:
		return "may block"
	case lock:
		return "takes a lock"
	case state:
		return "uses package state"
	case load:
		return "loads state, which belongs in Serve"
	default:
		return "calls what fastbind cannot see through"
	}
}

// An effect is one thing that a function does, and how it comes to do it. Its
// fields are exported for the encoding of facts.
type effect struct {
	Kind kind
	// Chain leads from the first callee to what does it: "load", "os.ReadFile".
	Chain []string
	Where string // file and line of the last link
}

// longestChain bounds what is kept of a chain; the middle of a longer one is of no use
// to a reader.
const longestChain = 8

// through is the effect as seen by a caller of name; no name for a function
// literal.
func (e effect) through(name string) effect {
	if name == "" || len(e.Chain) >= longestChain {
		return e
	}
	e.Chain = append([]string{name}, e.Chain...)
	return e
}

// String renders "does file input/output: load → os.ReadFile (state.go:12)".
func (e effect) String() string {
	s := fmt.Sprintf("%s: %s", e.Kind.predicate(), strings.Join(e.Chain, " → "))
	if len(e.Chain) > 1 {
		s += " (" + e.Where + ")"
	}
	return s
}
