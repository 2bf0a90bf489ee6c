package broker

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/journal"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/notify"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
)

// running is one generation's process and what belongs to it.
type running struct {
	generation uint64
	process    *process.Process
	notify     *notify.Socket
	logPath    string
	logFrom    int64 // where this generation's output begins
	spoke      bool  // it has sent something on the notify socket
	accepted   bool  // a connection was taken
	came       bool  // one came, and nobody has looked since whether it waits
	adopted    bool
	bindError  *bindError // what it said of its failed Bind
	startedAt  time.Time
	stop       chan struct{}                   // closed when the process is gone
	poke       chan struct{}                   // holds one: look at the backlog now
	service    daemonry.Service                // expanded, as it was started; zero if it was adopted
	bind       *binding                        // mode bind; nil: it inherits
	recalled   *recalled                       // nil unless it was asked for its listeners
	program    atomic.Pointer[process.Program] // what it executed first; nil: not looked at yet
	watched
}

// aStart is what one start needs, gathered under the lock so that the start
// itself runs without it.
type aStart struct {
	unit       *unit
	generation uint64
	decided    time.Time
	def        definition.Definition
	service    daemonry.Service // expanded
	names      []string         // of the listeners
	listeners  []listenerCopy
	waits      bool // a connection waited when it was decided
	fresh      bool // no other generation lives: the listener's flags may be set

	copyErr error

	// What has been opened so far; cleaned up if the start fails.
	log     *os.File
	logFrom int64
	notify  *notify.Socket
	lock    *record.Lock
}

// listenerCopy is a listener's descriptor for the time of a start, so that a
// stop meanwhile cannot close what is being handed over.
type listenerCopy struct {
	*endpoint.Listener
	fd int
}

// beginStartLocked starts a generation in a goroutine, which reports Spawned or
// SpawnFailed.
func (u *unit) beginStartLocked(generation uint64) {
	s := &aStart{
		unit: u, generation: generation, decided: time.Now(), def: u.def,
		fresh: len(u.procs) == 0, waits: anyReadable(u.listeners),
	}
	var handed []*endpoint.Listener // none to a daemon that binds for itself
	if !binds(u.def.Service) {
		u.nameListenerLocked()
		handed = u.listeners
	}
	for _, l := range handed {
		fd, err := dupFD(l.FD())
		if err != nil {
			s.copyErr = fmt.Errorf("cannot copy the listener: %w", err)
			break
		}
		s.listeners = append(s.listeners, listenerCopy{l, fd})
	}
	u.phases = phases{decided: s.decided}
	u.status, u.lastFailed, u.found = "", nil, nil
	u.b.spawnGoroutine(func() {
		defer s.closeListeners()
		if err := s.run(); err != nil {
			s.failed(err)
		}
	})
}

// failed reports that no process came of this start.
func (s *aStart) failed(err error) {
	f := lifecycle.Failure{
		Code: daemonry.CodeStartFailed, Message: err.Error(),
		Generation: s.generation, At: time.Now(),
	}
	if e, ok := errors.AsType[*daemonry.Error](err); ok {
		f.Code, f.Kind, f.Output = e.Code, e.Kind, e.Output
	}
	s.unit.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action {
		s.unit.noteStartFailureLocked(f)
		return m.SpawnFailed(now, s.generation, f)
	})
}

// noteStartFailureLocked keeps a failed start for whoever waits for readiness.
func (u *unit) noteStartFailureLocked(f lifecycle.Failure) {
	u.lastFailed = &startFailure{f.Generation, u.failureErrorLocked("start", &f)}
}

// run is the gated start (DESIGN.md §6): everything that the record and the
// limits need is in place before the daemon's first instruction.
func (s *aStart) run() (err error) {
	defer func() {
		if err != nil {
			s.cleanUp()
		}
	}()
	if err := s.prepare(); err != nil {
		return err
	}
	gated, err := process.Start(s.spec())
	if err != nil {
		return fmt.Errorf("cannot start a process: %w", err)
	}
	if err := s.writeRecord(gated.Process().Identity()); err != nil {
		return errors.Join(err, gated.Abort())
	}
	p := s.running(gated.Process())
	if !s.unit.register(p) {
		return errors.Join(errors.New("it was stopped before it began"), gated.Abort())
	}
	if err := gated.Open(); err != nil {
		s.unit.forget(p)
		return errors.Join(fmt.Errorf("cannot open the gate: %w", err), gated.Abort())
	}
	s.closeCopies()
	s.unit.forgetLock(s.generation - 1)
	s.unit.spawned(p)
	return nil
}

// prepare opens what the daemon will hold.
func (s *aStart) prepare() (err error) {
	u, b := s.unit, s.unit.b
	if s.copyErr != nil {
		return s.copyErr
	}
	if s.service, err = s.expand(); err != nil {
		return err
	}
	if err := process.CheckCommand(s.service.Command); err != nil {
		return err
	}
	for _, spec := range inherited(s.service) {
		s.names = append(s.names, listenerName(spec))
	}
	log := s.service.Log
	if s.log, s.logFrom, err = journal.Open(u.logPath(), int64(log.MaxSize), log.Keep); err != nil {
		return err
	}
	if s.notify, err = notify.Listen(s.notifyPath()); err != nil {
		return fmt.Errorf("cannot listen for notifications: %w", err)
	}
	if s.lock, err = record.Create(b.dirs.Private(""), u.key, s.generation); err != nil {
		return err
	}
	if s.fresh && !s.service.Nonblocking {
		for _, l := range s.listeners {
			if err := setNonblock(l.fd, false); err != nil {
				return fmt.Errorf("cannot prepare the listener: %w", err)
			}
		}
	}
	return nil
}

func (s *aStart) notifyPath() string {
	return s.unit.b.dirs.Private(endpoint.Short(s.unit.key) + "." + strconv.FormatUint(s.generation, 10) + ".notify")
}

func (u *unit) logPath() string { return filepath.Join(u.b.dirs.State, "logs", u.key+".log") }

func (u *unit) statePath() string { return filepath.Join(u.b.dirs.State, "data", u.key) }

// expand replaces the placeholders, making {state_dir} if it is used.
func (s *aStart) expand() (daemonry.Service, error) {
	u := s.unit
	if err := endpoint.EnsureDir(u.statePath()); err != nil {
		return daemonry.Service{}, err
	}
	return definition.Expand(s.def.Service, definition.Values{
		StateDir: u.statePath(), RuntimeDir: u.b.dirs.Runtime,
		Instance: u.name.Instance, Version: s.version(), Socket: u.socketPath(s.def, s.generation), Home: homeDir(),
		Port: portOf(s.def.Service),
	})
}

// portOf is the port of the first TCP listener; empty if there is none.
func portOf(service daemonry.Service) string {
	for _, spec := range listenSpecs(service) {
		if address, ok := strings.CutPrefix(spec, "tcp:"); ok {
			_, port, _ := net.SplitHostPort(address)
			return port
		}
	}
	return ""
}

// version is the one that the daemon is told it is.
func (s *aStart) version() string {
	if s.unit.name.Version != "" {
		return s.unit.name.Version
	}
	return s.def.Service.Version
}

// spec says what the gate starts.
func (s *aStart) spec() process.Spec {
	p := s.service.Process
	files := make([]int, 0, len(s.listeners)+1)
	for _, l := range s.listeners {
		files = append(files, l.fd)
	}
	files = append(files, int(s.lock.File().Fd()))
	dir := p.Dir
	if dir == "" {
		dir = "/"
	}
	return process.Spec{
		Argv: s.service.Command, Env: s.environment(), Dir: dir, Umask: umaskOf(p.Umask),
		Files: files, Stdout: int(s.log.Fd()), Stderr: int(s.log.Fd()),
		ListenFDs: len(s.listeners), OpenFiles: openFilesOf(s.service.Limits.OpenFiles), Nice: p.Nice,
	}
}

// Defaults of what a process is given, as systemd's.
const (
	defaultUmask     = 0o022
	defaultOpenFiles = 1024
)

func umaskOf(text string) int {
	if v, err := strconv.ParseUint(text, 8, 12); err == nil {
		return int(v)
	}
	return defaultUmask
}

func openFilesOf(n int) int {
	if n == 0 {
		return defaultOpenFiles
	}
	return n
}

// environment is the declared one plus what DESIGN.md §6 says a daemon gets.
// LISTEN_PID is set at the gate.
func (s *aStart) environment() []string {
	u := s.unit
	env := definition.Environment(s.service, baseEnvironment())
	if !binds(s.def.Service) {
		env = append(env, "LISTEN_FDS="+strconv.Itoa(len(s.listeners)), "LISTEN_FDNAMES="+strings.Join(s.names, ":"))
	}
	return append(env,
		"NOTIFY_SOCKET="+s.notifyPath(),
		"DAEMONRY_SERVICE="+u.name.Service,
		"DAEMONRY_VERSION="+s.version(),
		"DAEMONRY_INSTANCE="+u.name.Instance,
		"DAEMONRY_GENERATION="+strconv.FormatUint(s.generation, 10),
		"DAEMONRY_ENDPOINT="+u.socketPath(s.def, s.generation),
		"DAEMONRY_RECORD="+record.Path(u.b.dirs.Private(""), u.key, s.generation),
	)
}

func (s *aStart) writeRecord(id process.Identity) error {
	u := s.unit
	r := record.Record{
		Service: u.name.Service, Version: u.name.Version, Instance: u.name.Instance,
		Generation: s.generation, Phase: "starting", Identity: id, UID: os.Getuid(),
		Endpoint: u.socketPath(s.def, s.generation), Mode: string(modeOf(s.def.Service)), Command: s.service.Command,
		Definition: s.def.File, Notify: s.notifyPath(), Log: u.logPath(),
		Broker: os.Getpid(), CreatedAt: time.Now(),
	}
	for i, l := range s.listeners {
		r.Listeners = append(r.Listeners, record.Listener{Name: s.names[i], Network: l.Network(), Address: l.Address()})
	}
	return record.Write(u.b.dirs.Private(""), u.key, r)
}

func (s *aStart) running(p *process.Process) *running {
	return &running{
		generation: s.generation, process: p, notify: s.notify, came: s.waits && s.fresh && s.binding() == nil,
		logPath: s.unit.logPath(), logFrom: s.logFrom, startedAt: time.Now(), bind: s.binding(), service: s.service,
		stop: make(chan struct{}), poke: make(chan struct{}, 1),
	}
}

// closeCopies closes what only the daemon holds from now on; its lock above
// all, which would otherwise vouch for a process that is gone.
func (s *aStart) closeCopies() {
	s.log.Close()
	s.lock.Close()
}

func (s *aStart) closeListeners() {
	for _, l := range s.listeners {
		closeFD(l.fd)
	}
}

// forgetLock removes the lock file of an earlier generation that is over.
func (u *unit) forgetLock(generation uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.procs[generation] == nil {
		_ = record.Remove(u.b.dirs.Private(""), u.key, generation) // often there is none
	}
}

// cleanUp undoes a start of which nothing came.
func (s *aStart) cleanUp() {
	if s.log != nil {
		s.log.Close()
	}
	if s.notify != nil {
		s.notify.Remove()
	}
	if s.lock != nil {
		s.lock.Close()
		_ = os.Remove(record.Path(s.unit.b.dirs.Private(""), s.unit.key, s.generation)) // the lock file keeps the number
	}
}
