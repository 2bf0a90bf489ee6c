package record

import (
	"errors"

	"github.com/daemonry/daemonry/internal/process"
)

// A Verdict is what a record is worth.
type Verdict string

// The verdicts.
const (
	Live     Verdict = "live"     // the very process that the record names is alive
	Leftover Verdict = "leftover" // it is gone, and something of that generation still holds the lock
	Foreign  Verdict = "foreign"  // the lock is held, but from another pid namespace or machine: the pids mean nothing here, signal nothing
	Stale    Verdict = "stale"    // neither holds: the record may be cleared away
)

// Judge asks the kernel about a record. An error means that it could not be
// found out, which must not be taken for stale.
func Judge(r Record, lockPath string) (Verdict, error) {
	err := r.Check()
	if err == nil {
		return Live, nil
	}
	var not *process.NotSameError
	if !errors.As(err, &not) {
		return "", err
	}
	held, err := Vouched(lockPath)
	switch {
	case err != nil:
		return "", err
	case held && (not.Reason == process.OtherNamespace || not.Reason == process.OtherBoot):
		return Foreign, nil // a shared home: no lock outlives its own boot
	case held:
		return Leftover, nil
	}
	return Stale, nil
}
