package lifecycle

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daemonry/daemonry"
)

// world is what stands around a machine: it performs the actions, remembers
// what is alive, and finds every broken promise. It knows nothing of how the
// machine works.
type world struct {
	m      *Machine
	now    time.Time
	latest []Action

	alive      map[uint64]bool // asked to start, or adopted, and not over
	surplus    map[uint64]bool // adopted beside another: not the machine's doing
	leaving    map[uint64]bool // told to go, or going by itself
	killed     map[uint64]bool
	asked      map[uint64]bool // Terminate was
	highest    uint64
	begun      bool
	armed      bool
	published  bool
	trials     int // upgrades that are neither done nor failed
	seamless   bool
	startLimit bool // there is a start time, so starting has a deadline
}

// operatorsWish names events that may start what is failed.
const operatorsWish = "operator"

func newWorld(t *rapid.T) *world {
	p := drawPolicy(t)
	jitter := rapid.Float64Range(0, 0.999).Draw(t, "jitter")
	last := rapid.Uint64Range(0, 3).Draw(t, "last")
	return &world{
		m: New(p, func() float64 { return jitter }, last), now: time.Unix(1e9, 0), highest: last,
		alive: map[uint64]bool{}, surplus: map[uint64]bool{}, leaving: map[uint64]bool{},
		killed: map[uint64]bool{}, asked: map[uint64]bool{},
		published: true, seamless: p.Seamless, startLimit: p.Start > 0,
	}
}

func (w *world) pending(t *rapid.T) {
	w.armed = w.armed && w.m.View().State != idle
	w.send(t, "Pending", func() []Action { return w.m.Pending(w.now) })
}

func (w *world) toDeadline() {
	if d := w.m.Deadline(); d.After(w.now) {
		w.now = d
	}
}

func (w *world) tick(t *rapid.T) {
	w.send(t, "Tick", func() []Action { return w.m.Tick(w.now) })
	if d := w.m.Deadline(); due(w.now, d) {
		t.Fatalf("the deadline %v is still due after Tick at %v", d, w.now)
	}
}

func (w *world) adopt(t *rapid.T, g uint64, ready bool) {
	v := w.m.View()
	if g != 0 && !w.alive[g] {
		w.alive[g] = true
		w.surplus[g] = v.State != idle
		w.highest = max(w.highest, g)
		delete(w.asked, g)
		delete(w.killed, g)
		delete(w.leaving, g)
	}
	w.send(t, "Adopt", func() []Action { return w.m.Adopt(w.now, g, ready) })
}

func (w *world) daemon(t *rapid.T, e stimulus, g uint64) {
	if e.name == "SpawnFailed" || strings.HasPrefix(e.name, "Exited") {
		delete(w.alive, g)
	}
	if e.name == "Stopping" && w.alive[g] {
		w.leaving[g] = true
	}
	w.send(t, e.name, func() []Action { return e.send(w.m, w.now, g) })
}

func (w *world) operator(t *rapid.T, e stimulus) {
	w.send(t, operatorsWish, func() []Action { return e.send(w.m, w.now, 0) })
}

// send has an event handled, performs the actions and checks everything.
func (w *world) send(t *rapid.T, event string, handle func() []Action) {
	before := w.m.View()
	w.latest = handle()
	after := w.m.View()
	for _, a := range w.latest {
		w.perform(t, event, a, before, after)
	}
	w.checkView(t, after)
	w.checkDeadline(t, after)
}

func (w *world) perform(t *rapid.T, event string, a Action, before, after View) {
	switch a.Do {
	case Spawn:
		w.spawn(t, event, a.Generation, before)
	case Terminate, Kill, Evidence, Thaw:
		w.signal(t, a)
	case Arm:
		w.armed = true
	case Disarm:
		if !w.armed {
			t.Fatalf("%s: Disarm of what is not watched", event)
		}
		w.armed = false
	case Publish, Withdraw:
		w.endpoint(t, event, a)
	case Emit:
		w.emitted(t, a.Event, before, after)
	default:
		t.Fatalf("%s: %v", event, a.Do)
	}
}

// spawn checks P3, P8, P10 and that generations only grow.
func (w *world) spawn(t *rapid.T, event string, g uint64, before View) {
	if g <= w.highest {
		t.Fatalf("generation %d after %d", g, w.highest)
	}
	w.highest = g
	if before.State == disabled || before.State == failed && event != operatorsWish && event != "Tick" {
		t.Fatalf("%s started a %s service", event, before.State)
	}
	others := 0
	for o := range w.alive {
		if !w.surplus[o] && (!w.seamless || !w.leaving[o]) {
			others++
		}
	}
	if others > 0 && !w.seamless || others > 1 {
		t.Fatalf("%s: generation %d is started beside %d others: %+v", event, g, others, before)
	}
	w.alive[g] = true
}

// signal checks that what is signalled is alive, and is signalled once.
func (w *world) signal(t *rapid.T, a Action) {
	g := a.Generation
	switch {
	case !w.alive[g]:
		t.Fatalf("%v of generation %d, which is not alive", a.Do, g)
	case a.Do == Terminate && w.asked[g], a.Do == Kill && w.killed[g]:
		t.Fatalf("%v of generation %d again", a.Do, g)
	case a.Do == Kill && !w.asked[g]:
		t.Fatalf("generation %d is killed unasked", g)
	case a.Do == Terminate:
		w.asked[g], w.leaving[g] = true, true
	case a.Do == Kill:
		w.killed[g] = true
	}
}

func (w *world) endpoint(t *rapid.T, event string, a Action) {
	if publish := a.Do == Publish; publish == w.published && event != "Lost" {
		t.Fatalf("%s: %v of what is so already", event, a.Do)
	}
	w.published = a.Do == Publish
	if a.Do == Withdraw && (a.Failure == nil || a.Failure.Message == "") {
		t.Fatalf("%s: the endpoint is withdrawn without a word", event)
	}
}

func (w *world) emitted(t *rapid.T, e Event, before, after View) {
	if e.From != before.State || e.To != after.State {
		t.Fatalf("%s says %s → %s, it was %s → %s", e.Type, e.From, e.To, before.State, after.State)
	}
	if !slices.Contains(eventTypes(), e.Type) {
		t.Fatalf("unknown event %q", e.Type)
	}
	switch e.Type {
	case EventUpgradeStarted:
		w.trials++
	case EventUpgraded, EventUpgradeFailed:
		w.trials--
	}
}

// checkView checks what the comment of Machine says of each state.
func (w *world) checkView(t *rapid.T, v View) {
	up := v.State == starting || v.State == ready
	closed := v.State == failed || v.State == disabled
	switch {
	case (v.Generation != 0) != up:
		t.Fatalf("generation %d in state %s", v.Generation, v.State)
	case v.Ready != (v.State == ready):
		t.Fatalf("ready %v in state %s", v.Ready, v.State)
	case w.published == closed:
		t.Fatalf("published %v in state %s", w.published, v.State)
	case w.armed != (v.State == idle && w.begun):
		t.Fatalf("watched %v in state %s", w.armed, v.State)
	case v.NextAttempt.IsZero() == (v.State == backoff || v.State == failed):
		t.Fatalf("next attempt %v in state %s", v.NextAttempt, v.State)
	case v.Failure == nil && (closed || v.State == backoff), v.Failure != nil && v.State == ready:
		t.Fatalf("failure %v in state %s", v.Failure, v.State)
	case v.State == failed && v.Failure.Code != daemonry.CodeFailed:
		t.Fatalf("code %s in state failed", v.Failure.Code)
	case v.Highest != w.highest:
		t.Fatalf("highest is %d, not %d", w.highest, v.Highest)
	case w.trials < 0 || !up && v.State != draining && w.trials != 0:
		t.Fatalf("%d upgrades under way in state %s", w.trials, v.State)
	}
	w.checkProcesses(t, v)
}

// checkProcesses checks P3 and that nobody is lost from sight.
func (w *world) checkProcesses(t *rapid.T, v View) {
	roles := map[Role]int{}
	for _, p := range v.Processes {
		roles[p.Role]++
		if !w.alive[p.Generation] {
			t.Fatalf("generation %d is on the books and not alive", p.Generation)
		}
		if (p.Role == RoleDraining) != w.leaving[p.Generation] {
			t.Fatalf("generation %d is %s, leaving: %v", p.Generation, p.Role, w.leaving[p.Generation])
		}
	}
	if len(v.Processes) != len(w.alive) {
		t.Fatalf("%d processes on the books, %d alive", len(v.Processes), len(w.alive))
	}
	if roles[RoleServing] > 1 || roles[RoleWarming] > 1 || roles[RoleWarming] == 1 && !w.seamless {
		t.Fatalf("too many: %v", roles)
	}
}

// checkDeadline checks that what waits does not wait for ever, and that nobody
// is woken for nothing (P14).
func (w *world) checkDeadline(t *rapid.T, v View) {
	must, may := v.State == backoff || v.State == failed, v.State == starting
	must = must || v.State == starting && w.startLimit
	for _, p := range v.Processes {
		must = must || p.Role == RoleDraining && !w.killed[p.Generation]
		may = may || p.Role == RoleWarming
	}
	if d := w.m.Deadline(); d.IsZero() && must || !d.IsZero() && !must && !may {
		t.Fatalf("deadline %v: %+v", d, v)
	}
}

func sameView(t *rapid.T, before, after View) {
	if d := cmp.Diff(before, after); d != "" {
		t.Fatalf("the view changed:\n%s", d)
	}
}
