package conform

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/daemonry/daemonry/internal/process"
)

func checkSurvivesBroker(ctx context.Context, tr *trial) (detail string, err error) {
	c, err := tr.before(ctx)
	if err != nil {
		return "", err
	}
	between, err := tr.stand()
	if err != nil {
		return "", err
	}
	d, err := tr.launch(ctx, between)
	if err != nil {
		return "", err
	}
	if c, err = d.bound(c); err != nil {
		return "", err
	}
	if _, err := d.firstAccept(c); err != nil {
		return "", err
	}
	_ = d.waitReady() // that it comes is another check's
	if err := d.orphan(ctx); err != nil {
		return "", err
	}
	how, err := d.serve(tr.lab.t.Start)
	if err != nil {
		return "", found("after its parent was killed and the notify socket closed: %v", err)
	}
	return "its parent was killed and the notify socket closed; then a client was " + how, nil
}

// standIn is a broker of one line: it starts the command and waits. The command says
// its pid on descriptor %d, which it does not keep.
const standIn = `/bin/sh -c 'echo $$ >&%[1]d; %[2]sexec "$@" %[1]d>&-' daemonry "$@" </dev/null; exit $?`

// stand puts a parent that can be killed between the kit and the daemon.
func (tr *trial) stand() (*intermediary, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	shape := func(s process.Spec) process.Spec {
		assign := ""
		if s.ListenFDs > 0 {
			assign, s.ListenFDs = "LISTEN_PID=$$ ", 0
		}
		s.Files = append(s.Files, int(w.Fd()))
		script := fmt.Sprintf(standIn, 2+len(s.Files), assign)
		s.Argv = append([]string{"/bin/sh", "-c", script, "daemonry"}, s.Argv...)
		return s
	}
	reveal := func(ctx context.Context) (*process.Process, error) {
		w.Close()
		defer r.Close()
		pid, err := readPID(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("cannot learn its pid: %w", err)
		}
		id, err := process.IdentityOf(pid)
		if err != nil {
			return nil, err
		}
		return process.Attach(id)
	}
	return &intermediary{shape, reveal, func() { r.Close(); w.Close() }}, nil
}

// orphan kills the daemon's parent, takes the notify socket away, and waits for
// what that might do.
func (d *daemon) orphan(ctx context.Context) error {
	if err := d.leader.Signal(9); err != nil {
		return err
	}
	limit, cancel := within(ctx, freezeLimit, "the parent did not end at SIGKILL")
	defer cancel()
	if _, err := d.leader.Wait(limit); err != nil {
		return err
	}
	d.notes.close()
	if d.settle(); d.gone() {
		return found("when its parent was killed and the notify socket closed, %v", context.Cause(d.alive))
	}
	return nil
}

func checkTwoAtOnce(ctx context.Context, tr *trial) (string, error) {
	first, err := tr.warm(ctx)
	if err != nil {
		return "", err
	}
	if err := first.freeze(); err != nil {
		return "", err
	}
	second, how, err := tr.beside(ctx)
	first.thaw()
	if err != nil {
		return "", found("a second copy beside the first: %v", err)
	}
	if err := second.freeze(); err != nil {
		return "", err
	}
	_, err = first.serve(tr.lab.t.Start)
	second.thaw()
	if err != nil {
		return "", found("the first copy, with the second beside it: %v", err)
	}
	for i, d := range []*daemon{first, second} {
		if d.gone() {
			return "", found("copy %d of 2 %v while both ran", i+1, d.exit)
		}
	}
	return "a client was " + how + " by each of the two", nil
}

// beside starts one more daemon and has it serve a client.
func (tr *trial) beside(ctx context.Context) (*daemon, string, error) {
	d, err := tr.up(ctx)
	if err != nil {
		return nil, "", err
	}
	how, err := d.serve(tr.lab.t.Start)
	return d, how, err
}

// measured is what one start took, from exec on.
type measured struct {
	listening, accept, ready time.Duration
	announced                bool
}

func (r *runner) checkSpeed(ctx context.Context, tr *trial) (string, error) {
	t := tr.lab.t
	took := map[string][]time.Duration{}
	for i := range t.Starts {
		if i > 0 {
			if err := tr.renew(); err != nil {
				return "", err
			}
		}
		m, err := tr.measure(ctx)
		if err != nil {
			return "", err
		}
		if tr.lab.mode == Bind {
			took["listening"] = append(took["listening"], m.listening)
		}
		took["first_accept"] = append(took["first_accept"], m.accept)
		if m.announced {
			took["ready"] = append(took["ready"], m.ready)
		}
	}
	for _, what := range []string{"listening", "first_accept", "ready"} {
		if len(took[what]) > 0 {
			r.timings = append(r.timings, timing(tr.lab.mode, what, took[what]))
		}
	}
	return r.judgeSpeed(t)
}

func (r *runner) judgeSpeed(t Target) (string, error) {
	first := r.timings[0]
	text := fmt.Sprintf("%s: median %s, at most %s in %d starts", words(first.What), ms(first.P50), ms(first.Max), first.Starts)
	if r.lab.mode == Bind && first.P50 > millis(t.BindBudget) {
		return "", found("%s; the budget is %v", text, t.BindBudget)
	}
	return text, nil
}

// words puts the name of a timing into words.
func words(what string) string {
	switch what {
	case "listening":
		return "exec to listening"
	case "first_accept":
		return "exec to first accept"
	}
	return "exec to ready"
}

func ms(n float64) string { return span(time.Duration(n * float64(time.Millisecond))) }

// measure starts a daemon, looks at the clock and ends it.
func (tr *trial) measure(ctx context.Context) (m measured, err error) {
	c, err := tr.before(ctx)
	if err != nil {
		return m, err
	}
	d, err := tr.start(ctx)
	if err != nil {
		return m, err
	}
	if c, err = d.listening(tr.lab.t.Start, c); err != nil {
		return m, err
	}
	m.listening = time.Since(d.begun)
	if m.accept, err = d.firstAccept(c); err != nil {
		return m, err
	}
	_ = d.waitReady() // that it comes is another check's
	var at time.Time
	if at, m.announced = d.notes.isReady(); m.announced {
		m.ready = at.Sub(d.begun)
	}
	return m, d.finish()
}

// crowd is how many clients wait when the daemon is killed.
const crowd = 8

func checkRestart(ctx context.Context, tr *trial) (string, error) {
	first, err := tr.warm(ctx)
	if err != nil {
		return "", err
	}
	if tr.listener == nil {
		return tr.restartBound(ctx, first)
	}
	if err := first.freeze(); err != nil { // so that it accepts none of them
		return "", err
	}
	clients, err := tr.dialMany(ctx, tr.link, crowd)
	if err != nil {
		return "", err
	}
	if err := sendAll(clients, tr.lab.t.request()); err != nil {
		return "", err
	}
	if err := first.kill(); err != nil {
		return "", err
	}
	second, err := tr.start(ctx)
	if err != nil {
		return "", err
	}
	how, err := second.serveAll(clients, tr.lab.t.Start)
	if err != nil {
		return "", found("the successor of a daemon killed with SIGKILL: %v", err)
	}
	return strconv.Itoa(crowd) + " connections that waited when it was killed were " + how + " by its successor", nil
}

// restartBound is mode bind's: the queue dies with the daemon's own listener.
func (tr *trial) restartBound(ctx context.Context, first *daemon) (string, error) {
	if err := first.kill(); err != nil {
		return "", err
	}
	_, how, err := tr.beside(ctx)
	if err != nil {
		return "", found("the successor of a daemon killed with SIGKILL: %v", err)
	}
	return "after SIGKILL the next one started, and a client was " + how, nil
}
