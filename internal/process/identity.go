package process

import "os"

// Identity names one process for ever, as a pid does not. Two identities are
// the same process if, and only if, they are equal.
type Identity struct {
	// PID is the number, as seen in PIDNS.
	PID int `json:"pid"`
	// Start is when the process was started: clock ticks since boot, field 22 of
	// /proc/PID/stat on Linux (see proc_pid_stat(5)).
	Start uint64 `json:"start_time"`
	// Boot is the kernel's random name for this boot.
	Boot string `json:"boot_id"`
	// PIDNS is the inode of the pid namespace of whoever read the pid.
	PIDNS uint64 `json:"pid_ns"`
}

// Self returns the identity of this process.
func Self() (Identity, error) { return IdentityOf(os.Getpid()) }

// IdentityOf returns the identity of the process that has the pid now. The error
// is a *NotSameError with reason gone if there is none.
func IdentityOf(pid int) (Identity, error) { return identityOf(pid) }

// Check returns nil if the process is alive and the very one that id names. It
// returns a *NotSameError if it is not, and another error if that cannot be
// found out (an unreadable /proc, say), which must not be taken for "dead".
//
// A process that has ended and was not reaped yet (a zombie) is dead. One whose
// first thread has ended while others run is alive.
func (id Identity) Check() error { return check(id) }

// A Reason is why an identity does not name a live process.
type Reason string

// The reasons.
const (
	Gone           Reason = "gone"            // no process has the pid
	Zombie         Reason = "zombie"          // the process has ended and was not reaped yet
	Recycled       Reason = "recycled"        // another process has the pid now
	OtherBoot      Reason = "other_boot"      // the identity is from before a reboot
	OtherNamespace Reason = "other_namespace" // the pid means something else here
)

// words are the reasons for people.
func (r Reason) words() string {
	switch r {
	case Gone:
		return "has ended"
	case Zombie:
		return "has ended and was not reaped yet"
	case Recycled:
		return "has ended, and its number was given to another process"
	case OtherBoot:
		return "belongs to another boot of this machine, or to another machine"
	case OtherNamespace:
		return "belongs to another pid namespace (another container, say)"
	}
	return string(r)
}

// NotSameError says that an identity does not name a live process.
type NotSameError struct {
	PID    int
	Reason Reason
}

func (e *NotSameError) Error() string {
	return "process " + itoa(e.PID) + " " + e.Reason.words()
}
