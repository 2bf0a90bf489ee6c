package conform

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// A daemon is one generation.
type daemon struct {
	trial      *trial
	generation uint64
	given      string           // the path it was told
	link       string           // where the kit's clients connect
	leader     *process.Process // of its process group, a child of ours
	main       *process.Process // the command; the leader unless an intermediary was put between
	notes      *notes
	lock       *record.Lock
	begun      time.Time // when the gate was opened

	// alive ends, with an *exitedError, when main has ended.
	alive  context.Context
	cancel context.CancelCauseFunc
	seen   chan struct{} // closed when nobody waits for main's end any more
	ended  bool          // the group was killed
}

// start starts the command as a broker does. The daemon belongs to the trial, which ends it.
func (tr *trial) start(ctx context.Context) (*daemon, error) { return tr.launch(ctx, direct) }

// launch starts what wrap makes of the command.
func (tr *trial) launch(ctx context.Context, wrap func(*daemon, process.Spec) (*process.Gated, error)) (*daemon, error) {
	l := tr.lab
	l.generation++
	d := &daemon{trial: tr, generation: l.generation, given: l.public, link: tr.link, seen: make(chan struct{})}
	if l.mode == Bind {
		d.given = d.private("sock")
		d.link = d.private("link")
	}
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("cannot prepare a start: %w", err)
	}
	gated, err := wrap(d, d.spec())
	d.lock.Close() // ours: the daemon has its own
	if err != nil {
		d.notes.close()
		return nil, err
	}
	d.alive, d.cancel = context.WithCancelCause(ctx)
	go d.watch()
	tr.daemons = append(tr.daemons, d)
	return d, errors.Join(d.write(), d.open(gated))
}

// private is the path of a private socket of this generation.
func (d *daemon) private(kind string) string {
	return filepath.Join(d.trial.lab.private, endpoint.Short(service)+"."+strconv.FormatUint(d.generation, 10)+"."+kind)
}

func (d *daemon) prepare() (err error) {
	if err := process.CheckCommand(d.trial.lab.t.Argv); err != nil {
		return err
	}
	if d.notes, err = takeNotes(d.private("notify")); err != nil {
		return err
	}
	if d.lock, err = record.Create(d.trial.lab.private, service, d.generation); err != nil {
		d.notes.close()
	}
	return err
}

func (d *daemon) spec() process.Spec {
	tr, t := d.trial, d.trial.lab.t
	argv := append([]string(nil), t.Argv...)
	for i, arg := range argv {
		if i > 0 {
			argv[i] = strings.ReplaceAll(arg, socketWord, d.given)
		}
	}
	log := int(tr.lab.log.Fd())
	s := process.Spec{Argv: argv, Env: d.environment(), Dir: t.Dir, Umask: 0o022, Stdout: log, Stderr: log}
	if tr.listener != nil {
		s.Files, s.ListenFDs = append(s.Files, tr.listener.FD()), 1
	}
	s.Files = append(s.Files, int(d.lock.File().Fd()))
	return s
}

// direct is the usual start.
func direct(d *daemon, s process.Spec) (*process.Gated, error) {
	gated, err := process.Start(s)
	if err == nil {
		d.leader, d.main = gated.Process(), gated.Process()
	}
	return gated, err
}

func (d *daemon) open(gated *process.Gated) error {
	d.begun = time.Now()
	return gated.Open()
}

// write writes the record that a broker writes before the first instruction.
func (d *daemon) write() error {
	l := d.trial.lab
	r := record.Record{
		Service: service, Generation: d.generation, Phase: record.Starting, Identity: d.leader.Identity(), UID: os.Getuid(),
		Endpoint: d.given, Mode: string(l.mode), Command: l.t.Argv, Notify: d.notes.socket.Path(), Log: l.log.Name(),
		Broker: os.Getpid(), CreatedAt: time.Now(),
	}
	return record.Write(l.private, service, r)
}

// watch ends alive with the daemon.
func (d *daemon) watch() {
	defer close(d.seen)
	exit, err := d.main.Wait(d.alive)
	if err != nil {
		d.cancel(err)
		return
	}
	d.cancel(&exitedError{exit, process.Left(d.main.Identity().PID)})
}

// exit returns how the daemon ended; false: it lives.
func (d *daemon) exit() (process.Exit, bool) {
	if e, ok := errors.AsType[*exitedError](context.Cause(d.alive)); ok {
		return e.exit, true
	}
	return process.Exit{}, false
}

// waitExit waits for the daemon's end.
func (d *daemon) waitExit(ctx context.Context) (process.Exit, error) {
	select {
	case <-d.alive.Done():
	case <-ctx.Done():
	}
	if exit, ended := d.exit(); ended {
		return exit, nil
	}
	return process.Exit{}, context.Cause(ctx)
}

// bound waits until the daemon listens at the path that it was given, publishes it
// as a broker does, and returns the connection that found out. In mode inherit there
// is nothing to wait for, and the client is first.
func (d *daemon) bound(first *client) (*client, error) {
	tr := d.trial
	if tr.listener != nil {
		return first, nil
	}
	ctx, cancel := within(d.alive, tr.lab.t.Start, "it did not listen at "+d.given)
	defer cancel()
	var c *client
	err := await(ctx, func() (_ bool, err error) {
		c, err = tr.dial(ctx, d.given)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED) {
			return false, nil // not bound, or bound and not listening
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	if err := os.Link(d.given, d.link); err != nil {
		return nil, err
	}
	return c, endpoint.Rename(d.given, tr.lab.public)
}

// stop sends the stop signal and waits for the end; false: the grace was not
// enough.
func (d *daemon) stop() (process.Exit, bool) {
	t := d.trial.lab.t
	d.signal(t.StopSignal)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.alive), t.Grace)
	defer cancel()
	exit, err := d.waitExit(ctx)
	return exit, err == nil
}

// signal reaches the whole group, as a broker's does. A group that has gone is
// fine.
func (d *daemon) signal(s syscall.Signal) { _ = d.leader.SignalGroup(s) }

// finish ends the daemon: by asking, unless that is known not to help.
func (d *daemon) finish() error {
	if d.ended {
		return nil
	}
	d.signal(syscall.SIGCONT)
	if _, gone := d.exit(); !gone && !d.trial.lab.deaf {
		d.stop()
	}
	return d.kill()
}

// kill ends the group and whatever else was left behind of this generation, and
// waits for main's end.
func (d *daemon) kill() error {
	d.ended = true
	d.signal(syscall.SIGKILL)
	err := d.killHolders()
	<-d.seen
	return err
}

// killHolders kills the processes that have this generation's lock, which they
// can only have inherited.
func (d *daemon) killHolders() error {
	dev, ino, err := endpoint.PathInode(d.lock.Path())
	if err != nil {
		return err
	}
	ctx, cancel := within(context.WithoutCancel(d.alive), DefaultGrace, "what the daemon left behind did not end")
	defer cancel()
	return await(ctx, func() (bool, error) {
		pids, err := process.Holders(dev, ino)
		if err != nil {
			return false, err
		}
		left := 0
		for _, pid := range pids {
			if !ownFork(pid) {
				left++
				killVerified(pid)
			}
		}
		return left == 0, nil
	})
}

// ownFork reports whether pid is this process, or a child of it that is between
// fork and exec, and so another start's.
func ownFork(pid int) bool {
	if pid == os.Getpid() {
		return true
	}
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true // gone
	}
	p, err := parseStat(data)
	return err != nil || p.parent == os.Getpid() && p.forked
}

func killVerified(pid int) {
	id, err := process.IdentityOf(pid)
	if err != nil {
		return // gone
	}
	p, err := process.Attach(id)
	if err != nil {
		return
	}
	defer p.Close()
	_ = p.Signal(syscall.SIGKILL) // looked for again by the caller
}

// close gives up what belongs to a daemon that has ended.
func (d *daemon) close() error {
	d.cancel(nil)
	d.notes.close()
	var err error
	for _, p := range []*process.Process{d.main, d.leader} {
		if _, bad := p.Wait(context.Background()); bad == nil {
			err = errors.Join(err, p.Reap())
		}
		if p != d.leader || d.main == d.leader {
			continue
		}
	}
	d.main.Close()
	d.leader.Close()
	for _, path := range []string{d.private("sock"), d.private("link")} {
		_ = os.Remove(path) // of mode bind only
	}
	return errors.Join(err, record.Remove(d.trial.lab.private, service, d.generation))
}

// readPID reads the pid that an intermediary prints.
func readPID(r *os.File) (int, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}
