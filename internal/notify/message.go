package notify

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The limits of one message.
const (
	MaxSize  = 4096 // bytes, as in systemd (NOTIFY_BUFFER_MAX)
	MaxLines = 64   // assignments; ours: the protocol has 20 keys
	MaxFiles = 253  // descriptors, the kernel's SCM_MAX_FD
)

// The keys of our own. A receiver that does not know them ignores them.
const (
	KeyBindErrorKind = "X_DAEMONRY_BIND_ERROR_KIND" // one of package backend's four kinds
	KeyBindError     = "X_DAEMONRY_BIND_ERROR"      // the whole message
	KeyPhase         = "X_DAEMONRY_PHASE"           // "binding": it is about to bind its endpoint and will say when it has; "bound": it has, and completed its record; "serving": it inherited it, Serve begins
	KeyBindMicros    = "X_DAEMONRY_BIND_US"         // how long Bind took, in microseconds
	KeyRecall        = "X_DAEMONRY_RECALL"          // the other way, see RecallPath
)

// A Message is what one datagram said. The zero value of every field means that
// it was not said.
type Message struct {
	Ready     bool // READY=1
	Reloading bool // RELOADING=1
	Stopping  bool // STOPPING=1

	Status    string // STATUS=…: printable text, control characters replaced by spaces
	HasStatus bool   // STATUS= was said, perhaps with nothing, which clears it

	MainPID int // MAINPID=…; whether to believe it is the receiver's decision
	Errno   int // ERRNO=…

	Watchdog        bool          // WATCHDOG=1
	WatchdogTrigger bool          // WATCHDOG=trigger: the daemon wants to be treated as hung
	WatchdogEvery   time.Duration // WATCHDOG_USEC=…
	Extend          time.Duration // EXTEND_TIMEOUT_USEC=…
	Monotonic       time.Duration // MONOTONIC_USEC=…, CLOCK_MONOTONIC when a reload began

	FDStore       bool   // FDSTORE=1: keep Files
	FDStoreRemove bool   // FDSTOREREMOVE=1: forget those called FDName
	FDName        string // FDNAME=…: up to 255 printable characters without ':'
	Barrier       bool   // BARRIER=1: answered by Receive itself

	Binding       bool          // X_DAEMONRY_PHASE=binding: Bound, or BindError, is to follow
	Bound         bool          // X_DAEMONRY_PHASE=bound
	Serving       bool          // X_DAEMONRY_PHASE=serving: sent before the first accept, so that READY can be waited for
	BindTime      time.Duration // X_DAEMONRY_BIND_US=…
	BindErrorKind string        // X_DAEMONRY_BIND_ERROR_KIND=…
	BindError     string        // X_DAEMONRY_BIND_ERROR=…

	Recall bool // X_DAEMONRY_RECALL=1: send your listeners

	// Ignored holds assignments of a known key whose value made no sense. They
	// change nothing and are worth a line in a log.
	Ignored []string

	// PID and UID are the sender's, from the kernel. PID is 0 where the system
	// does not tell, or if the sender lives in another pid namespace.
	PID int
	UID uint32
	// Files are descriptors that came with FDSTORE=1, CLOEXEC, the caller's to
	// close. They are plain numbers, for a listener must not enter Go's poller.
	Files []int
}

// Parse reads the text of one message. Unknown keys, and lines that are no
// assignment, are skipped, as the protocol asks; a senseless value of a known key
// goes to Ignored. Errors are about the message as a whole: empty, too long, too
// many lines, a NUL byte.
func Parse(data []byte) (Message, error) {
	switch {
	case len(data) == 0:
		return Message{}, errors.New("notify message is empty")
	case len(data) > MaxSize:
		return Message{}, fmt.Errorf("notify message has %d bytes, more than %d", len(data), MaxSize)
	case bytes.IndexByte(data, 0) >= 0:
		return Message{}, errors.New("notify message contains a NUL byte")
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	if len(lines) > MaxLines {
		return Message{}, fmt.Errorf("notify message has %d lines, more than %d", len(lines), MaxLines)
	}
	var m Message
	for _, line := range lines {
		if key, value, ok := strings.Cut(line, "="); ok && !m.assign(key, value) {
			m.Ignored = append(m.Ignored, printable(line))
		}
	}
	return m, nil
}

// assign reports whether value makes sense for key; unknown keys always do.
func (m *Message) assign(key, value string) bool {
	switch key {
	case "READY":
		return flag(&m.Ready, value)
	case "RELOADING":
		return flag(&m.Reloading, value)
	case "STOPPING":
		return flag(&m.Stopping, value)
	case "STATUS":
		m.Status, m.HasStatus = printable(value), true
	case "MAINPID":
		return number(&m.MainPID, value, 1)
	case "ERRNO":
		return number(&m.Errno, value, 0)
	case "BARRIER":
		return flag(&m.Barrier, value)
	case "FDSTORE":
		return flag(&m.FDStore, value)
	case "FDSTOREREMOVE":
		return flag(&m.FDStoreRemove, value)
	case "FDNAME":
		return fdName(&m.FDName, value)
	case KeyPhase:
		m.Binding = m.Binding || value == "binding"
		m.Bound = m.Bound || value == "bound"
		m.Serving = m.Serving || value == "serving"
		return value == "binding" || value == "bound" || value == "serving"
	case KeyRecall:
		return flag(&m.Recall, value)
	case KeyBindErrorKind:
		m.BindErrorKind = printable(value)
	case KeyBindError:
		m.BindError = printable(value)
	default:
		return m.assignTime(key, value)
	}
	return true
}

func (m *Message) assignTime(key, value string) bool {
	switch key {
	case "WATCHDOG":
		m.WatchdogTrigger = m.WatchdogTrigger || value == "trigger"
		return value == "trigger" || flag(&m.Watchdog, value)
	case "WATCHDOG_USEC":
		return micros(&m.WatchdogEvery, value)
	case "EXTEND_TIMEOUT_USEC":
		return micros(&m.Extend, value)
	case "MONOTONIC_USEC":
		return micros(&m.Monotonic, value)
	case KeyBindMicros:
		return micros(&m.BindTime, value)
	}
	return true
}

func flag(to *bool, value string) bool {
	*to = *to || value == "1"
	return value == "1"
}

func number(to *int, value string, least int) bool {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || int(n) < least {
		return false
	}
	*to = int(n)
	return true
}

// micros reads microseconds; what does not fit a Duration (292 years) is cut
// down to the longest one, for "for ever" is what such a sender means.
func micros(to *time.Duration, value string) bool {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return false
	}
	*to = time.Duration(min(n, math.MaxInt64/1000) * 1000)
	return true
}

// fdName follows systemd's fdname_is_valid.
func fdName(to *string, value string) bool {
	if value == "" || len(value) > 255 {
		return false
	}
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' || c == ':' {
			return false
		}
	}
	*to = value
	return true
}

// printable makes text safe for a terminal and a log line: a daemon's status
// must not be able to move somebody's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "�"))
}
