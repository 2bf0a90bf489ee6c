package cli

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// statusSchema is the version of what status --json prints. Within a version
// fields are added, never renamed. What is unknown, or does not exist, is null.
const statusSchema = 1

type statusJSON struct {
	Schema   int           `json:"schema"`
	Broker   brokerJSON    `json:"broker"`
	Services []serviceJSON `json:"services"`
	Refused  []refusalJSON `json:"refused"`
}

type brokerJSON struct {
	PID        int32      `json:"pid"`
	Version    string     `json:"version"`
	StartedAt  *time.Time `json:"started_at"`
	Domain     string     `json:"domain"`
	RuntimeDir string     `json:"runtime_dir"`
	ConfigDir  string     `json:"config_dir"`
	StateDir   string     `json:"state_dir"`
}

// refusalJSON is a definition that the broker did not accept.
type refusalJSON struct {
	Service string `json:"service"`
	File    string `json:"file"`
	Message string `json:"message"`
}

type serviceJSON struct {
	Name          string         `json:"name"`
	Version       string         `json:"version"`
	Instance      string         `json:"instance"`
	Description   string         `json:"description"`
	Mode          string         `json:"mode"`
	Definition    string         `json:"definition"`
	State         string         `json:"state"`
	Endpoint      string         `json:"endpoint"`
	Listeners     []listenerJSON `json:"listeners"`
	PID           *int32         `json:"pid"`
	Generation    uint64         `json:"generation"`
	Processes     []processJSON  `json:"processes"`
	Starts        uint64         `json:"starts"`
	Ready         bool           `json:"ready"`
	Status        string         `json:"status"`
	StartedAt     *time.Time     `json:"started_at"`
	LastUsedAt    *time.Time     `json:"last_used_at"`
	Connections   *uint32        `json:"connections"`
	Pending       *uint32        `json:"pending"`
	Phases        phasesJSON     `json:"phases"`
	Findings      []string       `json:"findings"`
	Log           string         `json:"log"`
	LastExit      *exitJSON      `json:"last_exit"`
	NextAttemptAt *time.Time     `json:"next_attempt_at"`
	Error         *errorJSON     `json:"error"`
}

type listenerJSON struct {
	Name    string `json:"name"`
	Network string `json:"network"`
	Address string `json:"address"`
}

type processJSON struct {
	PID         int32      `json:"pid"`
	Generation  uint64     `json:"generation"`
	Role        string     `json:"role"`
	StartedAt   *time.Time `json:"started_at"`
	MemoryBytes *uint64    `json:"memory_bytes"`
	CPUSeconds  *float64   `json:"cpu_seconds"`
}

type phasesJSON struct {
	SpawnMS  *float64 `json:"spawn_ms"`
	AcceptMS *float64 `json:"accept_ms"`
	ReadyMS  *float64 `json:"ready_ms"`
}

// exitJSON has neither code nor signal where how the daemon ended is unknown.
type exitJSON struct {
	Code       *int32     `json:"code"`
	Signal     *string    `json:"signal"`
	At         *time.Time `json:"at"`
	Output     string     `json:"output"`
	CoreDumped bool       `json:"core_dumped"`
}

type errorJSON struct {
	Code         string  `json:"code"`
	Kind         *string `json:"kind"`
	Message      string  `json:"message"`
	RetryAfterMS *int64  `json:"retry_after_ms"`
}

func jsonOfStatus(s *snapshot) statusJSON {
	refused := make([]refusalJSON, 0, len(s.refused))
	for _, r := range s.refused {
		refused = append(refused, refusalJSON{Service: r.GetService(), File: r.GetFile(), Message: r.GetMessage()})
	}
	services := make([]serviceJSON, 0, len(s.services))
	for _, one := range s.services {
		services = append(services, jsonOfService(one))
	}
	return statusJSON{Schema: statusSchema, Broker: jsonOfBroker(s.broker), Services: services, Refused: refused}
}

func jsonOfBroker(b *daemonryv1.BrokerInfo) brokerJSON {
	return brokerJSON{
		PID: b.GetPid(), Version: b.GetVersion(), StartedAt: jsonTime(b.GetStartedAt()), Domain: b.GetDomain(),
		RuntimeDir: b.GetRuntimeDir(), ConfigDir: b.GetConfigDir(), StateDir: b.GetStateDir(),
	}
}

func jsonOfService(s *daemonryv1.Service) serviceJSON {
	return serviceJSON{
		Name: s.GetName(), Version: s.GetVersion(), Instance: s.GetInstance(), Description: s.GetDescription(),
		Mode: s.GetMode(), Definition: s.GetDefinition(), State: s.GetState(),
		Endpoint: s.GetEndpoint(), Listeners: jsonOfListeners(s.GetListeners()),
		PID: known(s.GetPid()), Generation: s.GetGeneration(), Processes: jsonOfProcesses(s.GetProcesses()),
		Starts: s.GetStarts(), Ready: s.GetReady(), Status: s.GetStatus(),
		StartedAt: jsonTime(s.GetStartedAt()), LastUsedAt: jsonTime(s.GetLastUsedAt()),
		Connections: s.Connections, Pending: s.Pending, Phases: jsonOfPhases(s.GetPhases()),
		Findings: append([]string{}, s.GetFindings()...), // [] and not null
		Log:      s.GetLog(), LastExit: jsonOfExit(s.GetLastExit()),
		NextAttemptAt: jsonTime(s.GetNextAttemptAt()), Error: jsonOfError(s.GetError()),
	}
}

func jsonOfListeners(listeners []*daemonryv1.Listener) []listenerJSON {
	list := make([]listenerJSON, 0, len(listeners))
	for _, l := range listeners {
		list = append(list, listenerJSON{Name: l.GetName(), Network: l.GetNetwork(), Address: l.GetAddress()})
	}
	return list
}

func jsonOfProcesses(processes []*daemonryv1.Process) []processJSON {
	list := make([]processJSON, 0, len(processes))
	for _, p := range processes {
		one := processJSON{PID: p.GetPid(), Generation: p.GetGeneration(), Role: p.GetRole(), StartedAt: jsonTime(p.GetStartedAt())}
		if memory := p.GetMemoryBytes(); memory > 0 { // a live process has some: the usage is known
			cpu := p.GetCpuSeconds()
			one.MemoryBytes, one.CPUSeconds = &memory, &cpu
		}
		list = append(list, one)
	}
	return list
}

func jsonOfPhases(p *daemonryv1.Phases) phasesJSON {
	if p == nil {
		return phasesJSON{}
	}
	return phasesJSON{SpawnMS: p.SpawnMs, AcceptMS: p.AcceptMs, ReadyMS: p.ReadyMs}
}

func jsonOfExit(e *daemonryv1.Exit) *exitJSON {
	if e == nil {
		return nil
	}
	return &exitJSON{
		Code: e.Code, Signal: known(e.GetSignal()), At: jsonTime(e.GetAt()),
		Output: e.GetOutput(), CoreDumped: e.GetCoreDumped(),
	}
}

func jsonOfError(e *daemonryv1.Error) *errorJSON {
	if e == nil {
		return nil
	}
	j := &errorJSON{Code: e.GetCode(), Kind: known(e.GetKind()), Message: e.GetMessage()}
	if e.GetRetryAfter() != nil {
		j.RetryAfterMS = known(e.GetRetryAfter().AsDuration().Milliseconds())
	}
	return j
}

// jsonTime is t in UTC, to the microsecond; nil if it is not set.
func jsonTime(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime().Truncate(time.Microsecond)
	return &at
}

// known is nil for a zero value, which here stands for "there is none".
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
