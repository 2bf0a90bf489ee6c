package daemonry

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Service is a definition: everything the broker must know to start a daemon
// and keep it. The file <config>/services/NAME.toml has the same keys, and so
// has the JSON form that Define sends. Zero values mean the defaults named at
// each field.
type Service struct {
	// Command is the program, an absolute path, and its arguments. The words
	// {state_dir} {runtime_dir} {instance} {version} {socket} {port} {home} are
	// replaced in each element. Required.
	Command []string `json:"command,omitempty" toml:"command"`
	// Version is this definition's version, as in "1.4.0"; empty: unversioned.
	Version string `json:"version,omitempty" toml:"version,omitempty"`
	// Versions offers every version found: a pattern with {version} in it, as in
	// "/opt/gocached/{version}/gocached".
	Versions string `json:"versions,omitempty" toml:"versions,omitempty"`
	// Mode is how the daemon gets its endpoint; empty: inherit.
	Mode Mode `json:"mode,omitempty" toml:"mode,omitempty"`
	// Listen names the listeners, in order of their descriptors: "unix" (the
	// endpoint), "unix:NAME", "tcp:127.0.0.1:4226"; empty: ["unix"].
	Listen []string `json:"listen,omitempty" toml:"listen,omitempty"`
	// Ready is what counts as ready; empty: auto.
	Ready Readiness `json:"ready,omitempty" toml:"ready,omitempty"`
	// ReadyCommand and ReadyHTTP go with Ready = "probe": a command that exits 0,
	// or a path that answers 2xx on the endpoint.
	ReadyCommand []string `json:"ready_command,omitempty" toml:"ready_command,omitempty"`
	ReadyHTTP    string   `json:"ready_http,omitempty" toml:"ready_http,omitempty"`
	// Template makes one daemon per instance.
	Template bool `json:"template,omitempty" toml:"template,omitempty"`
	// Nonblocking keeps O_NONBLOCK on the listener that a daemon inherits; false:
	// it is cleared before a start.
	Nonblocking bool   `json:"nonblocking,omitempty" toml:"nonblocking,omitempty"`
	Description string `json:"description,omitempty" toml:"description,omitempty"`

	Limits  Limits  `json:"limits,omitzero" toml:"limits,omitempty"`
	Restart Restart `json:"restart,omitzero" toml:"restart,omitempty"`
	Process Process `json:"process,omitzero" toml:"process,omitempty"`
	Log     Log     `json:"log,omitzero" toml:"log,omitempty"`
	Policy  Policy  `json:"policy,omitzero" toml:"policy,omitempty"`
}

// A Mode is how a daemon gets its endpoint.
type Mode string

// The modes.
const (
	ModeInherit Mode = "inherit" // the broker binds, the daemon takes LISTEN_FDS
	ModeBind    Mode = "bind"    // the daemon binds the path it is given
	ModeProxy   Mode = "proxy"   // the broker holds connections and copies bytes
	ModeStdio   Mode = "stdio"   // one process per connection
)

// A Readiness is what counts as ready.
type Readiness string

// The kinds of readiness.
const (
	ReadyAuto   Readiness = "auto"   // notify for a daemon that speaks on the notify socket before it accepts, else accept
	ReadyNotify Readiness = "notify" // READY=1 on the notify socket
	ReadyAccept Readiness = "accept" // the first connection was taken
	ReadyExec   Readiness = "exec"   // the command is running
	ReadyProbe  Readiness = "probe"  // ReadyCommand or ReadyHTTP succeeded
)

// Limits bounds a daemon in time and size. Zero values: Start, Idle, MaxMemory,
// MaxInstances and OpenFiles none (OpenFiles: 1024, as systemd's default), Stop
// 10s, Stall 30s, Bind 500ms for SDK daemons and 10s for others in mode bind.
type Limits struct {
	Start        Duration `json:"start,omitzero" toml:"start,omitempty"`
	Stop         Duration `json:"stop,omitzero" toml:"stop,omitempty"`
	Idle         Duration `json:"idle,omitzero" toml:"idle,omitempty"`
	Stall        Duration `json:"stall,omitzero" toml:"stall,omitempty"`
	Bind         Duration `json:"bind,omitzero" toml:"bind,omitempty"`
	MaxMemory    Size     `json:"max_memory,omitzero" toml:"max_memory,omitempty"`
	MaxInstances int      `json:"max_instances,omitempty" toml:"max_instances,omitempty"`
	OpenFiles    int      `json:"open_files,omitempty" toml:"open_files,omitempty"`
	// StallAction is "evidence" (empty means that: replace only a process that
	// does nothing) or "replace" (replace it even if it is at work).
	StallAction string `json:"stall_action,omitempty" toml:"stall_action,omitempty"`
}

// Restart bounds restarts, in Erlang/OTP's terms. Zero values: Burst 5 in
// Window 60s, BackoffMin 100ms doubling to BackoffMax 30s, Cooldown 30s.
type Restart struct {
	Burst      int      `json:"burst,omitempty" toml:"burst,omitempty"`
	Window     Duration `json:"window,omitzero" toml:"window,omitempty"`
	BackoffMin Duration `json:"backoff_min,omitzero" toml:"backoff_min,omitempty"`
	BackoffMax Duration `json:"backoff_max,omitzero" toml:"backoff_max,omitempty"`
	Cooldown   Duration `json:"cooldown,omitzero" toml:"cooldown,omitempty"`
	// GiveUpOn lists exit codes ("78") and signals ("SIGILL") after which no
	// restart is tried before the cool-down.
	GiveUpOn []string `json:"give_up_on,omitempty" toml:"give_up_on,omitempty"`
}

// Process is what a daemon is given. Zero values: Env and PassEnv nothing
// beyond the base environment, Dir "/", Umask "022", Nice 0, StopSignal
// SIGTERM, StackSignal SIGQUIT for Go programs and SIGABRT for others.
type Process struct {
	Env         map[string]string `json:"env,omitempty" toml:"env,omitempty"`
	PassEnv     []string          `json:"pass_env,omitempty" toml:"pass_env,omitempty"`
	Dir         string            `json:"dir,omitempty" toml:"dir,omitempty"`
	Umask       string            `json:"umask,omitempty" toml:"umask,omitempty"`
	Nice        int               `json:"nice,omitempty" toml:"nice,omitempty"`
	StopSignal  string            `json:"stop_signal,omitempty" toml:"stop_signal,omitempty"`
	StackSignal string            `json:"stack_signal,omitempty" toml:"stack_signal,omitempty"`
}

// Log bounds a daemon's log. Zero values: MaxSize 10MiB, Keep 3.
type Log struct {
	MaxSize Size `json:"max_size,omitzero" toml:"max_size,omitempty"`
	Keep    int  `json:"keep,omitempty" toml:"keep,omitempty"`
}

// Policy says which versions may run and how one follows another. Zero values:
// no floor, any version, Upgrade when_idle.
type Policy struct {
	MinVersion string   `json:"min_version,omitempty" toml:"min_version,omitempty"`
	Allow      []string `json:"allow,omitempty" toml:"allow,omitempty"`
	Upgrade    string   `json:"upgrade,omitempty" toml:"upgrade,omitempty"` // seamless, when_idle, manual
}

// Duration is a time.Duration whose text form is Go's: "90s", "1h30m".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Negative durations are
// refused.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration such as \"90s\" or \"1h30m\"", text)
	}
	*d = Duration(v)
	return nil
}

// Or returns d, or def if d is zero.
func (d Duration) Or(def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return time.Duration(d)
}

// Size is a number of bytes whose text form has a binary unit: "512MiB". Units
// are B, KiB, MiB, GiB and TiB.
type Size int64

// sizeUnits are the units in ascending order, each 1024 of the one before.
func sizeUnits() [5]string { return [...]string{"B", "KiB", "MiB", "GiB", "TiB"} }

// MarshalText implements encoding.TextMarshaler; it uses the largest unit that
// divides the size.
func (s Size) MarshalText() ([]byte, error) {
	n, unit, units := int64(s), 0, sizeUnits()
	for n != 0 && n%1024 == 0 && unit < len(units)-1 {
		n, unit = n/1024, unit+1
	}
	return []byte(strconv.FormatInt(n, 10) + units[unit]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "BKMGTi")
	n, err := strconv.ParseUint(digits, 10, 63) // takes no sign
	for shift, unit := range sizeUnits() {
		if err != nil || string(text[len(digits):]) != unit {
			continue
		}
		if v := int64(n) << (10 * shift); v>>(10*shift) == int64(n) {
			*s = Size(v)
			return nil
		}
	}
	return fmt.Errorf("%q is not a size such as \"512MiB\"", text)
}
