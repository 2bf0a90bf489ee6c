package conform

import (
	"slices"
	"time"
)

// A Status is how a check went.
type Status string

// The statuses.
const (
	Pass          Status = "pass"
	Warn          Status = "warning"        // allowed, and worth knowing; counts as passed
	NotApplicable Status = "not_applicable" // Detail says why
	Fail          Status = "fail"
)

// A Result is one check of one mode.
type Result struct {
	Mode     Mode          `json:"mode"`
	Name     string        `json:"name"`
	Promise  string        `json:"promise"` // the promises and clauses behind it, as in "P1, §6"
	Why      string        `json:"reason"`  // why it matters
	Status   Status        `json:"status"`
	Detail   string        `json:"detail"`           // what was seen, or why it does not apply
	Hint     string        `json:"hint,omitempty"`   // what to do; of Fail and Warn only
	Output   string        `json:"output,omitempty"` // what the daemon printed last; of Fail only
	Duration time.Duration `json:"-"`
	Millis   float64       `json:"duration_ms"`
}

// A Timing is what several starts took.
type Timing struct {
	Mode   Mode    `json:"mode"`
	What   string  `json:"what"` // listening, first_accept, ready: from exec on
	Starts int     `json:"starts"`
	P50    float64 `json:"p50_ms"`
	Max    float64 `json:"max_ms"`
}

// A Report is a whole run.
type Report struct {
	Schema  int      `json:"schema"` // 1; fields are added, never renamed
	Command []string `json:"command"`
	Passed  bool     `json:"passed"` // no check failed
	Millis  float64  `json:"duration_ms"`
	Results []Result `json:"checks"`
	Timings []Timing `json:"timings"`
}

// Count returns how many checks went that way.
func (r Report) Count(s Status) int {
	n := 0
	for _, one := range r.Results {
		if one.Status == s {
			n++
		}
	}
	return n
}

// timing condenses measurements, of which there is at least one.
func timing(mode Mode, what string, took []time.Duration) Timing {
	sorted := slices.Sorted(slices.Values(took))
	return Timing{
		Mode: mode, What: what, Starts: len(took),
		P50: millis(sorted[(len(sorted)-1)/2]), Max: millis(sorted[len(sorted)-1]),
	}
}

// millis is d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
