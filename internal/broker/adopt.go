package broker

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// adopt reads the records of an earlier broker before anything is published,
// so that no second daemon is ever started beside a live one. What nothing
// vouches for is cleared away; nothing it names is signalled.
func (b *Broker) adopt() {
	entries, err := record.List(b.dirs.Private(""))
	if err != nil {
		b.log.Error("cannot read the records", "error", err)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.generations[e.Key] = max(b.generations[e.Key], e.Generation)
		b.adoptEntryLocked(e)
	}
}

// lastGeneration is the highest number that was ever seen for a key, so that
// generations only grow.
func (b *Broker) lastGeneration(key string) uint64 { return b.generations[key] }

func (b *Broker) adoptEntryLocked(e record.Entry) {
	log := b.log.With("record", e.Key, "generation", e.Generation)
	if e.Err != nil {
		if !errors.Is(e.Err, record.ErrNoRecord) {
			log.Warn("record is unreadable", "error", e.Err)
		}
		b.clear(e)
		return
	}
	verdict, err := record.Judge(e.Record, record.LockPath(b.dirs.Private(""), e.Key, e.Generation))
	switch {
	case err != nil:
		log.Error("cannot judge a record; it is left alone", "error", err)
	case verdict == record.Live:
		if err := b.adoptLive(e); err != nil {
			log.Error("cannot adopt", "error", err)
		}
	case verdict == record.Leftover:
		b.found[e.Key] = append(b.found[e.Key], judged(e.Record)+"; others hold its lock")
		log.Warn("processes of an earlier generation are left; they are not touched", "pids", holdersOf(record.LockPath(b.dirs.Private(""), e.Key, e.Generation)))
	case verdict == record.Foreign:
		b.found[e.Key] = append(b.found[e.Key], judged(e.Record))
		log.Warn("record is of another pid namespace or machine; it is left alone")
	default:
		why := judged(e.Record)
		b.found[e.Key] = append(b.found[e.Key], why)
		log.Info("record is stale", "pid", e.Record.PID, "why", why)
		b.clear(e)
	}
}

// clear removes a record that means nothing any more; its lock file keeps the
// number until the next start.
func (b *Broker) clear(e record.Entry) {
	if held, err := record.Vouched(record.LockPath(b.dirs.Private(""), e.Key, e.Generation)); err != nil || held {
		return
	}
	if err := os.Remove(e.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.log.Warn("cannot clear a record", "record", e.Key, "error", err)
	}
	stem := b.dirs.Private(endpoint.Short(e.Key) + "." + strconv.FormatUint(e.Generation, 10))
	for _, suffix := range []string{".sock", ".notify", ".recall"} {
		os.Remove(stem + suffix) // there may be none
	}
}

// adoptLive takes over one live daemon.
func (b *Broker) adoptLive(e record.Entry) error {
	r := e.Record
	name := daemonry.Name{Service: r.Service, Instance: r.Instance}
	d, known := b.defs[r.Service]
	if !known {
		d.Name, d.File = r.Service, r.Definition
		d.Service.Command = r.Command
	}
	p, err := process.Attach(r.Identity)
	if err != nil {
		return err
	}
	u, err := b.makeUnitLocked(name, d)
	if err != nil {
		p.Close()
		return err
	}
	run := &running{
		generation: r.Generation, process: p, logPath: r.Log, adopted: true,
		accepted: true, startedAt: r.CreatedAt, stop: make(chan struct{}), poke: make(chan struct{}, 1),
	}
	if run.notify, err = notify.Listen(r.Notify); err != nil {
		b.log.Warn("cannot listen for an adopted daemon's notifications", "service", r.Service, "error", err)
		run.notify = nil
	}
	if r.Program != nil {
		run.program.Store(r.Program)
	}
	if r.Mode == string(daemonry.ModeBind) {
		u.adoptBinding(run, r)
	} else {
		u.adoptRunning(run, recoverListeners(p, r))
		u.recall(run, r)
	}
	u.thawAdopted(run, r)
	return nil
}

// recoverListeners takes copies of a live daemon's listeners; nil where the
// system refuses that.
func recoverListeners(p *process.Process, r record.Record) []*endpoint.Listener {
	var listeners []*endpoint.Listener
	for i := range r.Listeners {
		number := r.Listeners[i].FD
		if number == 0 { // not told: where they were passed
			number = 3 + i
		}
		fd, err := copyDescriptor(p.Identity(), number)
		if err == nil {
			var l *endpoint.Listener
			if l, err = endpoint.FromFD(fd); err == nil && l.Address() == r.Listeners[i].Address {
				listeners = append(listeners, l)
				continue
			}
		}
		for _, l := range listeners {
			l.Close()
		}
		return nil
	}
	return listeners
}

// adoptRunning makes a live process the unit's serving generation. Without its
// listeners the unit stands by until it is gone.
func (u *unit) adoptRunning(p *running, listeners []*endpoint.Listener) {
	u.mu.Lock()
	u.procs[p.generation] = p
	u.startedAt = p.startedAt
	u.findPlaceLocked()
	u.standby = len(listeners) == 0
	if !u.standby {
		if err := u.watchListenersLocked(listeners); err != nil {
			u.b.log.Error("cannot watch an adopted daemon's listeners", "service", u.name.String(), "error", err)
			u.standby = true
		}
	}
	u.eventLocked(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		return m.Adopt(now, p.generation, true)
	})
	u.mu.Unlock()
	u.look(p)
}
