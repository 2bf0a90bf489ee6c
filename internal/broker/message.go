package broker

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/process"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func errorMessage(e *daemonry.Error) *daemonryv1.Error {
	if e == nil {
		return nil
	}
	message := e.Message
	if message == "" && e.Err != nil {
		message = e.Err.Error()
	}
	m := &daemonryv1.Error{
		Code: string(e.Code), Kind: e.Kind, Op: e.Op, Service: e.Service,
		Message: message, Output: e.Output,
	}
	if e.RetryAfter > 0 {
		m.RetryAfter = durationpb.New(e.RetryAfter)
	}
	return m
}

func timeMessage(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// resolutionLocked is the unit as Resolve answers it.
func (u *unit) resolutionLocked() *daemonryv1.ResolveResponse {
	view := u.machine.View()
	r := &daemonryv1.ResolveResponse{
		Service: u.name.Service, Version: u.name.Version, Instance: u.name.Instance,
		State: string(view.State), Ready: view.Ready, Generation: view.Generation,
		Status: u.status, Revision: u.revision, Since: timeMessage(view.Since),
	}
	if view.State == daemonry.StateFailed || view.State == daemonry.StateDisabled {
		r.Error = errorMessage(u.refusalLocked(view))
		return r
	}
	if u.publishError != nil {
		r.Error = errorMessage(u.publishErrorLocked())
		return r
	}
	if who := u.usurperLocked(); who != "" {
		r.Error = errorMessage(errorFor("reach", u.name, daemonry.CodeUnsafeEndpoint, "%s", who))
		return r
	}
	r.Network, r.Address = "unix", u.path
	if l := u.defaultListenerLocked(); l != nil {
		r.Network, r.Address = l.Network(), l.Address()
	}
	return r
}

// refusalLocked is why a failed or disabled service cannot be reached.
func (u *unit) refusalLocked(view lifecycle.View) *daemonry.Error {
	if view.State == daemonry.StateDisabled {
		return errorFor("reach", u.name, daemonry.CodeDisabled, "it was disabled; `daemonry enable %s` brings it back", u.name)
	}
	e := u.failureErrorLocked("reach", view.Failure)
	if e == nil {
		e = errorFor("reach", u.name, daemonry.CodeFailed, "it failed")
	}
	e.Code = daemonry.CodeFailed
	return e
}

func (u *unit) eventMessageLocked(e lifecycle.Event) *daemonryv1.Event {
	m := &daemonryv1.Event{
		At: timestamppb.Now(), Service: u.name.Service, Version: u.name.Version, Instance: u.name.Instance,
		Generation: e.Generation, Type: e.Type, From: string(e.From), To: string(e.To), Cause: e.Cause,
		Error: errorMessage(u.failureErrorLocked("", e.Failure)),
	}
	if p := u.procs[e.Generation]; p != nil {
		m.Pid = int32(p.process.Identity().PID)
	} else if u.ending != nil && u.ending.generation == e.Generation {
		m.Pid = int32(u.ending.process.Identity().PID)
	}
	return m
}

// serviceMessage is the unit as status shows it. What the kernel knows is asked
// for afterwards, without the lock.
func (u *unit) serviceMessage(backlog backlogs) *daemonryv1.Service {
	m := u.serviceSnapshot(backlog)
	for _, p := range m.Processes {
		if memory, cpu, err := process.Usage(int(p.Pid)); err == nil {
			p.MemoryBytes, p.CpuSeconds = memory, cpu.Seconds()
		}
	}
	m.Findings = u.findings()
	return m
}

func (u *unit) serviceSnapshot(backlog backlogs) *daemonryv1.Service {
	u.mu.Lock()
	defer u.mu.Unlock()
	view := u.machine.View()
	m := &daemonryv1.Service{
		Name: u.name.Service, Version: u.versionLocked(), Instance: u.name.Instance,
		Mode: string(modeOf(u.def.Service)), Definition: u.def.File, Description: u.def.Service.Description,
		State: string(view.State), Endpoint: u.path, Generation: view.Generation, Starts: uint64(view.Starts),
		Ready: view.Ready, Status: u.status, StartedAt: timeMessage(u.startedAt), LastUsedAt: timeMessage(u.lastUsed),
		Log: u.logPath(), NextAttemptAt: timeMessage(view.NextAttempt), Phases: u.phases.message(),
		LastExit: exitMessage(u.lastExit),
	}
	if view.State == daemonry.StateFailed || view.State == daemonry.StateDisabled {
		m.Error = errorMessage(u.refusalLocked(view))
	} else if u.publishError != nil {
		m.Error = errorMessage(u.publishErrorLocked())
	} else {
		m.Error = errorMessage(u.failureErrorLocked("start", view.Failure))
	}
	u.addListenersLocked(m, backlog)
	u.addProcessesLocked(m, view)
	return m
}

func (u *unit) versionLocked() string {
	if u.name.Version != "" {
		return u.name.Version
	}
	return u.def.Service.Version
}

func modeOf(s daemonry.Service) daemonry.Mode {
	if s.Mode == "" {
		return daemonry.ModeInherit
	}
	return s.Mode
}

func (u *unit) addListenersLocked(m *daemonryv1.Service, backlog backlogs) {
	specs := listenSpecs(u.def.Service)
	for i, l := range u.listeners {
		entry := &daemonryv1.Listener{Network: l.Network(), Address: l.Address()}
		if i < len(specs) {
			entry.Name = listenerName(specs[i])
		}
		m.Listeners = append(m.Listeners, entry)
	}
	if l := u.defaultListenerLocked(); l != nil {
		m.Endpoint = l.Address()
		m.Pending, m.Connections = backlog.of(l)
	}
}

func (u *unit) addProcessesLocked(m *daemonryv1.Service, view lifecycle.View) {
	for _, proc := range view.Processes {
		p := u.procs[proc.Generation]
		if p == nil {
			continue
		}
		pid := int32(p.process.Identity().PID)
		if proc.Generation == view.Generation {
			m.Pid = pid
		}
		m.Processes = append(m.Processes, &daemonryv1.Process{
			Pid: pid, Generation: proc.Generation, Role: string(proc.Role), StartedAt: timeMessage(p.startedAt),
		})
	}
}

func (p phases) message() *daemonryv1.Phases {
	ms := func(d time.Duration) *float64 {
		if d == 0 {
			return nil
		}
		v := float64(d) / float64(time.Millisecond)
		return &v
	}
	return &daemonryv1.Phases{SpawnMs: ms(p.spawn), AcceptMs: ms(p.accepted), ReadyMs: ms(p.ready)}
}

func exitMessage(e *lifecycle.Exit) *daemonryv1.Exit {
	if e == nil {
		return nil
	}
	m := &daemonryv1.Exit{Signal: e.Signal, At: timeMessage(e.At), Output: e.Output, CoreDumped: e.Core}
	if e.Known && e.Signal == "" {
		code := int32(e.Code)
		m.Code = &code
	}
	return m
}
