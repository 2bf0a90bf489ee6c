package lifecycle

import (
	"testing"
	"time"

	"github.com/daemonry/daemonry"
)

// A build on trial that took the old one's place before it was ready is told of
// when a still newer one overtakes it. (Found by TestStoppedMeansStopped.)
func TestAnOvertakenTrialIsTold(t *testing.T) {
	now := time.Unix(0, 0)
	p := PolicyOf(daemonry.Service{})
	p.Seamless = true
	m := New(p, func() float64 { return 0 }, 0)
	m.Begin(now)
	m.Adopt(now, 1, true)
	m.Upgrade(now)                      // generation 2 on trial
	m.Exited(now, 1, Exit{Known: true}) // it takes the place of 1
	m.Upgrade(now)                      // generation 3 on trial
	open := 0
	for _, a := range m.Ready(now, 3) {
		if a.Do == Emit && a.Event.Type == EventUpgradeFailed && a.Event.Generation == 2 {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d events upgrade_failed of generation 2, want 1", open)
	}
}
