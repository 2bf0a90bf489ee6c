package definition

import (
	"slices"
	"strings"
)

// signals are the names that a definition may use. They are the same on every
// system, so that a definition is; one that a system lacks fails there when it
// is to be sent.
func signals() []string {
	return []string{
		"SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGKILL",
		"SIGPIPE", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP",
		"SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ",
	}
}

// signal refuses what is not a signal's name and suggests the one that is
// nearest: "term" is SIGTERM.
func (c *checker) signal(key, text, also string) {
	if slices.Contains(signals(), text) {
		return
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	hint := `; signals are written as in "SIGTERM"`
	if near := Nearest(name, signals()); near != "" {
		hint = `; did you mean "` + near + `"?`
	}
	c.refuse(key, "%q is not a signal%s%s", shorten(text), hint, also)
}

// isStopping reports whether a signal stops a process, as job control does,
// instead of ending it.
func isStopping(name string) bool {
	return slices.Contains([]string{"SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"}, name)
}
