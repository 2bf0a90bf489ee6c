package store

import (
	"fmt"
	"time"
)

// Stats is what a store holds and what it did since it was opened.
type Stats struct {
	Dir         string    `json:"dir"`
	Objects     int       `json:"objects"`
	Bytes       int64     `json:"bytes"`       // of objects, those not yet deleted included
	Condemned   int       `json:"condemned"`   // objects that are deleted when nobody uses them any more
	Limit       int64     `json:"limit_bytes"` // of Bytes
	Actions     int       `json:"actions"`
	Connections int       `json:"connections"` // go commands that are running
	Opened      time.Time `json:"started_at"`
	Counters
}

// Stats returns the numbers as they are now.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Dir:         s.cfg.Dir,
		Objects:     len(s.objects),
		Bytes:       s.alive.bytes + s.condemned.bytes,
		Condemned:   s.condemned.length,
		Limit:       s.cfg.Limit,
		Actions:     len(s.actions),
		Connections: len(s.leases),
		Opened:      s.opened,
		Counters:    s.counters,
	}
}

// String is one line for people, as in "2550 objects, 171.0 MiB of 10.0 GiB".
func (s Stats) String() string {
	return fmt.Sprintf("%d objects, %s of %s", s.Objects, FormatBytes(s.Bytes), FormatBytes(s.Limit))
}

// FormatBytes writes a number of bytes with a binary unit and one decimal.
func FormatBytes(n int64) string {
	units := [...]string{"KiB", "MiB", "GiB", "TiB"}
	value, unit := float64(n)/1024, 0
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
