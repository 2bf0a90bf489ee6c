package definition

// A Key describes a key of a definition, for the reference and for help. The
// list of keys that are accepted is daemonry.Service itself; a test keeps the
// two equal.
type Key struct {
	Path    string   // "limits.idle"
	Type    string   // in words
	Default string   // what leaving it out, or its zero value, means
	Example string   // a value, as TOML
	Allowed []string // all values, if there are few
	Text    string   // what it does
}

// Keys returns all keys in the order of a definition.
func Keys() []Key {
	keys := topKeys()
	keys = append(keys, limitKeys()...)
	keys = append(keys, restartKeys()...)
	keys = append(keys, processKeys()...)
	return append(keys, restKeys()...)
}

const (
	typeText     = "text"
	typeTexts    = "list of texts"
	typeBool     = "boolean"
	typeInt      = "whole number"
	typeDuration = "duration"
	typeSize     = "size"
	typeEnv      = "table of texts"
)

func topKeys() []Key {
	return []Key{
		{"command", typeTexts, "required", `["/usr/local/bin/gocached", "--dir", "{state_dir}"]`, nil, "The program, an absolute path, and its arguments. No shell is involved."},
		{"version", typeText, "unversioned", `"1.4.0"`, nil, "This definition's version: letters, digits and `. - + _ ~ :`."},
		{"versions", typeText, "none", `"/opt/gocached/{version}/gocached"`, nil, "Offers every version found: an absolute path with `{version}` in it once."},
		{"mode", typeText, "inherit", `"bind"`, modes(), "How the daemon gets its endpoint: it inherits the listener, binds the path it is given, is behind a proxy, or is one process per connection."},
		{"listen", typeTexts, `["unix"]`, `["unix", "unix:admin", "tcp:127.0.0.1:4226"]`, nil, "The listeners, in the order of their descriptors. TCP on loopback addresses and fixed ports only, and not for templates or several versions."},
		{"ready", typeText, "auto", `"notify"`, readinesses(), "What counts as ready: `READY=1`; the first connection taken; the program running; a probe. `auto` is notify for a daemon that speaks on the notify socket before it accepts, else accept."},
		{"ready_command", typeTexts, "none", `["/usr/bin/curl", "--fail", "http://127.0.0.1:4226/"]`, nil, "With `ready = \"probe\"`: a command that exits 0 when the daemon is ready."},
		{"ready_http", typeText, "none", `"/healthz"`, nil, "With `ready = \"probe\"`: a path that answers 2xx on the endpoint."},
		{"template", typeBool, "false", `true`, nil, "One daemon per instance; `{instance}` may be used."},
		{"nonblocking", typeBool, "false", `true`, nil, "Keeps O_NONBLOCK on an inherited listener; otherwise it is cleared before a start."},
		{"description", typeText, "none", `"compile cache"`, nil, "One line for people."},
	}
}

func limitKeys() []Key {
	return []Key{
		{"limits.start", typeDuration, "none", `"5m"`, nil, "Longest time from start to ready; `EXTEND_TIMEOUT_USEC` extends it."},
		{"limits.stop", typeDuration, "10s", `"30s"`, nil, "Grace between the stop signal and SIGKILL."},
		{"limits.idle", typeDuration, "none", `"15m"`, nil, "Stops a daemon that has been unused for so long."},
		{"limits.stall", typeDuration, "30s", `"1m"`, nil, "How long a connection may wait in front of a daemon that does nothing."},
		{"limits.bind", typeDuration, "500ms for SDK daemons, 10s for others in mode bind", `"2s"`, nil, "Longest time until the daemon has bound its endpoint."},
		{"limits.max_memory", typeSize, "none", `"512MiB"`, nil, "A daemon above it is drained and started anew; at least 8MiB."},
		{"limits.max_instances", typeInt, "none", `20`, nil, "Most instances of a template at a time."},
		{"limits.open_files", typeInt, "1024", `4096`, nil, "Limit of open files; at least 64."},
		{"limits.stall_action", typeText, "evidence", `"replace"`, stallActions(), "`evidence` replaces a stalled daemon only if it does nothing, `replace` also if it is at work."},
	}
}

func restartKeys() []Key {
	return []Key{
		{"restart.burst", typeInt, "5", `3`, nil, "So many restarts within the window are tried; then the service is failed."},
		{"restart.window", typeDuration, "60s", `"5m"`, nil, "See burst."},
		{"restart.backoff_min", typeDuration, "100ms", `"1s"`, nil, "Pause before the first restart; it doubles with each, ±20 %."},
		{"restart.backoff_max", typeDuration, "30s", `"2m"`, nil, "Longest pause; not less than backoff_min."},
		{"restart.cooldown", typeDuration, "30s", `"10m"`, nil, "How long a failed service rests before one more attempt."},
		{"restart.give_up_on", typeTexts, "none", `["78", "SIGILL"]`, nil, "Exit codes and signals after which no restart is tried before the cool-down."},
	}
}

func processKeys() []Key {
	return []Key{
		{"process.env", typeEnv, "none", `{ GOMAXPROCS = "2" }`, nil, "Variables for the daemon, over the base environment. Names are identifiers."},
		{"process.pass_env", typeTexts, "none", `["SSH_AUTH_SOCK"]`, nil, "Variables of the broker's environment that are passed on if it has them, over `env`."},
		{"process.dir", typeText, "/", `"{state_dir}"`, nil, "Working directory, absolute."},
		{"process.umask", typeText, "022", `"077"`, nil, "Octal digits, in quotes."},
		{"process.nice", typeInt, "0", `5`, nil, "-20 (most favoured) to 19."},
		{"process.stop_signal", typeText, "SIGTERM", `"SIGINT"`, nil, "Asks the daemon to end."},
		{"process.stack_signal", typeText, "SIGQUIT for Go programs, SIGABRT for others", `"SIGUSR1"`, nil, "Makes a hung daemon print its stacks."},
	}
}

func restKeys() []Key {
	return []Key{
		{"log.max_size", typeSize, "10MiB", `"50MiB"`, nil, "Size at which the log is rotated."},
		{"log.keep", typeInt, "3", `5`, nil, "Rotated logs that are kept."},
		{"policy.min_version", typeText, "none", `"1.2.0"`, nil, "No older version is run."},
		{"policy.allow", typeTexts, "any", `["1.4.0", "1.5.0"]`, nil, "The versions that may be run."},
		{"policy.upgrade", typeText, "when_idle", `"seamless"`, upgrades(), "How one version follows another."},
	}
}
