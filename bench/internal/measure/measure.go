package measure

import "github.com/daemonry/daemonry/bench/internal/result"

// Options says what to measure.
type Options struct {
	Quick bool                   // a few rounds of everything: that it works, not how fast
	Only  []string               // names; nil: all
	Log   func(line string)      // told what is going on
	Done  func(m result.Measure) // told of every measure as soon as it is there; nil: nobody
}

// Names returns the measures' names in the order in which they run: the most
// important first.
func Names() []string {
	return []string{
		"warm", "cold", "contract", "nothing", "clients", "connections", "memory", "definitions", "budget",
	}
}
