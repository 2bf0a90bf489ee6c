package conform

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	maker      int       // in mode bind the pid that called listen, as the kernel says

	// alive ends, with an *exitedError, when main has ended.
	alive  context.Context
	cancel context.CancelCauseFunc
	seen   chan struct{} // closed when main has ended, or its end cannot be seen
	exit   process.Exit  // to be read after seen
	ended  bool          // the group was killed
}

// An intermediary stands between the kit and the command.
type intermediary struct {
	shape  func(process.Spec) process.Spec
	reveal func(ctx context.Context) (*process.Process, error) // the command, once it runs
	drop   func()                                              // if nothing was started
}

// start starts the command as a broker does. The daemon belongs to the trial,
// which ends it.
func (tr *trial) start(ctx context.Context) (*daemon, error) { return tr.launch(ctx, nil) }

// launch starts the command, through an intermediary if there is one.
func (tr *trial) launch(ctx context.Context, between *intermediary) (*daemon, error) {
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
	if err := d.spawn(between); err != nil {
		d.notes.close()
		if between != nil {
			between.drop()
		}
		return nil, err
	}
	tr.daemons = append(tr.daemons, d)
	d.main = d.leader
	var err error
	if between != nil {
		var p *process.Process
		if p, err = between.reveal(ctx); err == nil {
			d.main = p
		}
	}
	d.alive, d.cancel = context.WithCancelCause(ctx)
	go d.watch(context.WithoutCancel(ctx))
	return d, err
}

// spawn starts the process and opens the gate.
func (d *daemon) spawn(between *intermediary) error {
	defer d.lock.Close() // our copy: the daemon has its own
	s := d.spec()
	if between != nil {
		s = between.shape(s)
	}
	gated, err := process.Start(s)
	if err != nil {
		return err
	}
	d.leader = gated.Process()
	if err := d.write(); err != nil {
		return errors.Join(err, gated.Abort())
	}
	d.begun = time.Now()
	if err := gated.Open(); err != nil {
		return errors.Join(err, gated.Abort())
	}
	return nil
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
func (d *daemon) watch(ctx context.Context) {
	defer close(d.seen)
	exit, err := d.main.Wait(ctx)
	if err != nil {
		d.cancel(err)
		return
	}
	d.exit = exit
	d.cancel(&exitedError{exit, process.Left(d.main.Identity().PID)})
}

// gone reports whether the daemon has ended.
func (d *daemon) gone() bool {
	select {
	case <-d.seen:
		return true
	default:
		return false
	}
}

// bound waits until the daemon listens at the path that it was given, publishes
// it as a broker does, and returns the connection that found out. In mode
// inherit there is nothing to wait for, and the client is first.
func (d *daemon) bound(first *client) (*client, error) {
	return d.boundWithin(d.trial.lab.t.Start, first)
}

func (d *daemon) boundWithin(limit time.Duration, first *client) (*client, error) {
	c, err := d.listening(limit, first)
	if err != nil {
		return nil, err
	}
	return c, d.publish()
}

// listening is bound without publishing, which takes time that is not the daemon's.
func (d *daemon) listening(limit time.Duration, first *client) (c *client, err error) {
	tr := d.trial
	if tr.listener != nil {
		return first, nil
	}
	ctx, cancel := within(d.alive, limit, "it did not listen at the path that it was given")
	defer cancel()
	err = await(ctx, func() (_ bool, err error) {
		c, err = tr.dial(ctx, d.given)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED) {
			return false, nil // not bound, or bound and not listening
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	peer, err := endpoint.PeerOf(c.conn)
	d.maker = peer.PID
	return c, err
}

// publish makes sure that the socket of mode bind is the daemon's own, and renames it
// over the public path.
func (d *daemon) publish() error {
	if d.trial.listener != nil {
		return nil
	}
	members, err := d.members()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(members, func(p proc) bool { return p.pid == d.maker }) {
		return found("the socket at its path was made by process %d (%s), which is none of its", d.maker, process.Command(d.maker))
	}
	if err := os.Link(d.given, d.link); err != nil {
		return err
	}
	return endpoint.Rename(d.given, d.trial.lab.public)
}

// settle gives the daemon time to do what it should not, or to end.
func (d *daemon) settle() {
	timer := time.NewTimer(d.trial.lab.t.Settle)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.alive.Done():
	}
}

// stop sends the stop signal and waits for the end; false: the grace was not
// enough.
func (d *daemon) stop() (process.Exit, bool) {
	d.signal(d.trial.lab.t.StopSignal)
	return d.awaitEnd()
}

// awaitEnd waits for the end, at most for the grace.
func (d *daemon) awaitEnd() (process.Exit, bool) {
	grace := time.NewTimer(d.trial.lab.t.Grace)
	defer grace.Stop()
	select {
	case <-d.seen:
		return d.exit, true
	case <-grace.C:
		return process.Exit{}, false
	}
}

// signal reaches the whole group, as a broker's does. A group that has gone is
// fine.
func (d *daemon) signal(s syscall.Signal) { _ = d.leader.SignalGroup(s) }

// finish ends the daemon: by asking, unless that is known not to help or the run was
// cut short.
func (d *daemon) finish() error {
	if d.ended {
		return nil
	}
	d.signal(syscall.SIGCONT)
	if d.alive.Err() == nil && !d.trial.lab.deaf {
		d.stop()
	}
	return d.kill()
}

// kill ends the group and whatever else was left behind of this generation, and
// waits for main's end.
func (d *daemon) kill() error {
	d.ended = true
	d.signal(syscall.SIGKILL)
	dev, ino, err := endpoint.PathInode(d.lock.Path())
	if err == nil {
		err = killHolders(dev, ino)
	}
	<-d.seen
	return err
}

// killHolders kills the processes that have the file open, which is one that
// they can only have inherited from us.
func killHolders(dev, ino uint64) error {
	ctx, cancel := within(context.Background(), DefaultGrace, "what the daemon left behind did not end")
	defer cancel()
	return await(ctx, func() (bool, error) {
		pids, err := process.Holders(dev, ino)
		if err != nil {
			return false, err
		}
		left := 0
		for _, pid := range pids {
			if killHolder(pid, dev, ino) {
				left++
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

// killHolder kills a process that has the file open, and reports whether it had.
// It looks again with the process in hand: a child of another start had the file
// for the moment between its fork and its exec, and may have executed since.
func killHolder(pid int, dev, ino uint64) bool {
	id, err := process.IdentityOf(pid)
	if err != nil {
		return false // gone
	}
	p, err := process.Attach(id)
	if err != nil {
		return false
	}
	defer p.Close()
	if ownFork(pid) {
		return false
	}
	holders, err := process.Holders(dev, ino)
	if err != nil || !slices.Contains(holders, pid) {
		return false
	}
	_ = p.Signal(syscall.SIGKILL) // looked for again by the caller
	return true
}

// close gives up what belongs to a daemon that has ended.
func (d *daemon) close() error {
	d.cancel(nil)
	d.notes.close()
	<-d.seen
	_, err := d.leader.Wait(context.Background())
	if err == nil {
		err = d.leader.Reap()
	}
	d.main.Close()
	d.leader.Close()
	for _, path := range []string{d.private("sock"), d.private("link")} {
		_ = os.Remove(path) // of mode bind only
	}
	return errors.Join(err, record.Remove(d.trial.lab.private, service, d.generation))
}

// readPID reads the pid that an intermediary prints.
func readPID(ctx context.Context, r *os.File) (int, error) {
	stop := context.AfterFunc(ctx, func() { _ = r.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}
