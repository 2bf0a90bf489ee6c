package broker

import (
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/inspect"
)

// A story is what is seen of a generation at each tenth of a second, and what
// becomes of it. The limit is one second.
type storyLook struct {
	head    uint64
	still   string
	cpu     time.Duration // used since the look before
	bytes   uint64        // moved since then
	unknown bool          // what it reads and writes cannot be seen
	gap     time.Duration // extra time since the look before
	asleep  time.Duration // of which the machine was suspended
}

func tell(rule stallRule, looks []storyLook) (judgements []judgement) {
	var clock stallClock
	var work inspect.Work
	at, asleep := time.Now(), time.Hour
	for _, l := range looks {
		at = at.Add(100*time.Millisecond + l.gap)
		asleep += l.asleep
		work.CPU += l.cpu
		work.Bytes += l.bytes
		j, _ := clock.judge(aLook{
			at: at, asleep: asleep, heads: []uint64{0, l.head}, still: l.still, work: work, known: !l.unknown,
		}, rule)
		judgements = append(judgements, j)
	}
	return judgements
}

// repeat is n looks like l.
func repeat(n int, l storyLook) []storyLook {
	looks := make([]storyLook, n)
	for i := range looks {
		looks[i] = l
	}
	return looks
}

func join(parts ...[]storyLook) (all []storyLook) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestStallClock(t *testing.T) {
	waits := storyLook{head: 7}
	steady := repeat(40, waits)
	for i := range steady {
		steady[i].head = uint64(1 + i/9) // one is taken every 900 ms
	}
	cases := map[string]struct {
		looks      []storyLook
		hung, busy int // the look at which it is first; 0: never
	}{
		"hangs":                              {repeat(12, waits), 11, 0},
		"not yet":                            {repeat(10, waits), 0, 0},
		"slow and steady":                    {steady, 0, 0},
		"nobody waits":                       {repeat(40, storyLook{}), 0, 0},
		"stopped":                            {repeat(40, storyLook{head: 7, still: "stopped by a signal"}), 0, 0},
		"stopped, then hangs":                {join(repeat(20, storyLook{head: 7, still: "stopped by a signal"}), repeat(12, waits)), 31, 0},
		"stopped for a moment":               {join(repeat(9, waits), repeat(1, storyLook{head: 7, still: "frozen"}), repeat(10, waits)), 0, 0},
		"computes":                           {repeat(30, storyLook{head: 7, cpu: 5 * time.Millisecond}), 0, 11},
		"reads":                              {repeat(30, storyLook{head: 7, bytes: 1}), 0, 11},
		"cannot be seen":                     {repeat(30, storyLook{head: 7, unknown: true}), 0, 11},
		"ticks":                              {repeat(12, storyLook{head: 7, cpu: time.Millisecond}), 11, 0},
		"computes, then hangs":               {join(repeat(15, storyLook{head: 7, cpu: 5 * time.Millisecond}), repeat(20, waits)), 31, 11},
		"the machine was suspended":          {join(repeat(9, waits), repeat(1, storyLook{head: 7, gap: 300 * time.Millisecond, asleep: 300 * time.Millisecond}), repeat(9, waits)), 0, 0},
		"suspended, and the clock stood too": {join(repeat(9, waits), repeat(1, storyLook{head: 7, asleep: time.Hour}), repeat(9, waits)), 0, 0},
		"the broker stood still":             {join(repeat(9, waits), repeat(1, storyLook{head: 7, gap: 10 * time.Second}), repeat(9, waits)), 0, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			hung, busy := 0, 0
			for i, j := range tell(stallRule{limit: time.Second}, c.looks) {
				if j == isHung && hung == 0 {
					hung = i + 1
				}
				if j == isBusy && busy != 0 {
					t.Errorf("told that it is busy at look %d and again at %d", busy, i+1)
				}
				if j == isBusy {
					busy = i + 1
				}
			}
			if hung != c.hung || busy != c.busy {
				t.Errorf("hung at look %d, want %d; busy at %d, want %d", hung, c.hung, busy, c.busy)
			}
		})
	}
}

func TestStallActionReplace(t *testing.T) {
	js := tell(stallRule{limit: time.Second, replace: true}, repeat(12, storyLook{head: 7, cpu: 50 * time.Millisecond}))
	if js[10] != isHung {
		t.Errorf("judgements %v, want hung at look 11", js)
	}
}

// Whoever takes connections from one of two listeners is not hung.
func TestStallOfOneListener(t *testing.T) {
	var clock stallClock
	at := time.Now()
	for i := range 30 {
		at = at.Add(100 * time.Millisecond)
		heads := []uint64{7, uint64(100 + i/5)}
		if j, _ := clock.judge(aLook{at: at, heads: heads, known: true}, stallRule{limit: time.Second}); j != notHung {
			t.Fatalf("look %d: %v while one listener is served", i+1, j)
		}
	}
}

func TestTCPQueue(t *testing.T) {
	set := func(clients ...string) map[string]bool {
		m := map[string]bool{}
		for _, c := range clients {
			m[c] = true
		}
		return m
	}
	var q tcpQueue
	for i, step := range []struct {
		waiting map[string]bool
		head    uint64
	}{
		{set(), 0}, {set("a"), 1}, {set("a", "b"), 1}, {set("b"), 2}, {set("b", "c"), 2}, {set(), 0}, {set("b"), 3},
	} {
		if head := q.look(step.waiting); head != step.head {
			t.Errorf("step %d: head %d, want %d", i, head, step.head)
		}
	}
}
