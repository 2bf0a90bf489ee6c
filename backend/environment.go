package backend

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// environment is what a starter says to a daemon. Zero values: was not said.
type environment struct {
	listeners int      // descriptors 3, 4, …
	names     []string // one for each listener

	notify     string
	endpoint   string
	record     string
	service    string
	version    string
	instance   string
	generation uint64
}

const (
	firstFD      = 3    // sd_listen_fds(3): SD_LISTEN_FDS_START
	maxListeners = 1024 // ours: what anybody sane passes
)

// forUsAlone are the variables that a child must not see.
func forUsAlone() []string {
	return []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "NOTIFY_SOCKET", "DAEMONRY_ENDPOINT", "DAEMONRY_RECORD"}
}

// takeEnvironment reads the process's environment once: what is for this process
// alone is then gone from it, also after an error.
func takeEnvironment() (environment, error) {
	defer func() {
		for _, name := range forUsAlone() {
			_ = os.Unsetenv(name) // fails for bad names only
		}
	}()
	return parseEnvironment(os.Getenv, os.Getpid())
}

// parseEnvironment reads the variables of sd_listen_fds(3) and our own. Listeners
// that are meant for another pid are none of ours.
func parseEnvironment(get func(string) string, pid int) (environment, error) {
	e := environment{
		notify: get("NOTIFY_SOCKET"), endpoint: get("DAEMONRY_ENDPOINT"), record: get("DAEMONRY_RECORD"),
		service: get("DAEMONRY_SERVICE"), version: get("DAEMONRY_VERSION"), instance: get("DAEMONRY_INSTANCE"),
	}
	var err error
	if text := get("DAEMONRY_GENERATION"); text != "" {
		if e.generation, err = strconv.ParseUint(text, 10, 64); err != nil {
			return environment{}, badVariable("DAEMONRY_GENERATION", text, "it is not a number")
		}
	}
	if get("LISTEN_PID") != strconv.Itoa(pid) {
		return e, nil
	}
	e.listeners, e.names, err = parseListeners(get("LISTEN_FDS"), get("LISTEN_FDNAMES"))
	if err != nil {
		return environment{}, err
	}
	return e, nil
}

func parseListeners(count, names string) (int, []string, error) {
	if count == "" {
		return 0, nil, nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 || n > maxListeners {
		return 0, nil, badVariable("LISTEN_FDS", count, fmt.Sprintf("it is not a number from 0 to %d", maxListeners))
	}
	list := make([]string, n)
	for i := range list {
		list[i] = "unknown" // sd_listen_fds_with_names(3)
	}
	if names != "" && n > 0 {
		list = strings.Split(names, ":")
	}
	if len(list) != n {
		return 0, nil, badVariable("LISTEN_FDNAMES", names, fmt.Sprintf("it has %d names for %d descriptors", len(list), n))
	}
	return n, list, nil
}

func badVariable(name, value, why string) error {
	return &BindError{Kind: KindInvalidEndpoint, Err: fmt.Errorf("environment variable %s=%q: %s", name, value, why)}
}
