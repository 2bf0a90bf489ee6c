package definition

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/daemonry/daemonry"
)

// Defaults of DESIGN §12 that a check needs when only one key of a pair is set.
const (
	defaultBackoffMin = 100 * time.Millisecond
	defaultBackoffMax = 30 * time.Second
)

// The least limits. A limit is in force at the gate, so it also binds the shell
// there, which must be able to start (DESIGN §6).
const (
	leastOpenFiles = 64
	leastMemory    = 8 << 20
)

// check returns what is wrong with the values of a service.
func check(s daemonry.Service) []finding {
	c := &checker{s: s}
	c.command()
	c.versions()
	c.listen()
	c.ready()
	c.text("description", s.Description)
	c.oneOf("mode", string(s.Mode), modes())
	c.limits(s.Limits)
	c.restart(s.Restart)
	c.process(s.Process)
	c.count("log.keep", s.Log.Keep)
	c.size("log.max_size", s.Log.MaxSize)
	c.policy(s.Policy)
	return c.found
}

type checker struct {
	s     daemonry.Service
	found []finding
}

func (c *checker) refuse(key, format string, args ...any) {
	c.found = append(c.found, finding{source: anywhere, key: key, reason: fmt.Sprintf(format, args...)})
}

// relate refuses what only is wrong together with another key.
func (c *checker) relate(key, format string, args ...any) {
	c.found = append(c.found, finding{source: anywhere, key: key, reason: fmt.Sprintf(format, args...), relation: true})
}

func badName(name string) string {
	return fmt.Sprintf("%q is not a service name: 1 to 64 of a-z, 0-9 and '-' are allowed", shorten(name))
}

// text refuses what would garble a terminal or an environment.
func (c *checker) text(key, text string) bool {
	switch {
	case !utf8.ValidString(text):
		c.refuse(key, "%q is not UTF-8", shorten(text))
	case strings.ContainsFunc(text, unicode.IsControl):
		c.refuse(key, "%q has control characters; one line of text is allowed", shorten(text))
	default:
		return true
	}
	return false
}

// argument refuses what no system call can pass on.
func (c *checker) argument(key, text string) bool {
	switch {
	case !utf8.ValidString(text):
		c.refuse(key, "%q is not UTF-8", shorten(text))
	case strings.ContainsRune(text, 0):
		c.refuse(key, "%q has a NUL character, which cannot be passed to a program", shorten(text))
	default:
		return true
	}
	return false
}

func modes() []string {
	return []string{string(daemonry.ModeInherit), string(daemonry.ModeBind), string(daemonry.ModeProxy), string(daemonry.ModeStdio)}
}

func readinesses() []string {
	return []string{string(daemonry.ReadyAuto), string(daemonry.ReadyNotify), string(daemonry.ReadyAccept), string(daemonry.ReadyExec), string(daemonry.ReadyProbe)}
}

func stallActions() []string { return []string{"evidence", "replace"} }
func upgrades() []string     { return []string{"seamless", "when_idle", "manual"} }

func (c *checker) oneOf(key, value string, allowed []string) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	meant := ""
	if near := Nearest(strings.ToLower(value), allowed); near != "" {
		meant = fmt.Sprintf("; did you mean %q?", near)
	}
	c.refuse(key, "%q is not allowed%s; allowed are %s", shorten(value), meant, quoted(allowed))
}

func quoted(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	return strings.Join(q, ", ")
}

func (c *checker) count(key string, n int) {
	if n < 0 || n > 1<<30 {
		c.refuse(key, "%d is not allowed; whole numbers from 0 (the default) to %d are", n, 1<<30)
	}
}

// duration and size cannot be negative in a file, but in a Go value.
func (c *checker) duration(key string, d daemonry.Duration) {
	if d < 0 {
		c.refuse(key, "%v is negative; zero (the default) or more is allowed", time.Duration(d))
	}
}

func (c *checker) size(key string, s daemonry.Size) {
	if s < 0 {
		c.refuse(key, "%d is negative; zero (the default) or more is allowed", s)
	}
}

func (c *checker) limits(l daemonry.Limits) {
	c.duration("limits.start", l.Start)
	c.duration("limits.stop", l.Stop)
	c.duration("limits.idle", l.Idle)
	c.duration("limits.stall", l.Stall)
	c.duration("limits.bind", l.Bind)
	c.size("limits.max_memory", l.MaxMemory)
	c.count("limits.max_instances", l.MaxInstances)
	c.count("limits.open_files", l.OpenFiles)
	c.oneOf("limits.stall_action", l.StallAction, stallActions())
	if l.OpenFiles > 0 && l.OpenFiles < leastOpenFiles {
		c.refuse("limits.open_files", "%d is too few for a daemon to start; at least %d are needed", l.OpenFiles, leastOpenFiles)
	}
	if l.MaxMemory > 0 && l.MaxMemory < leastMemory {
		c.refuse("limits.max_memory", "%d bytes are too few for a daemon to start; at least 8MiB are needed", l.MaxMemory)
	}
}

func (c *checker) restart(r daemonry.Restart) {
	c.count("restart.burst", r.Burst)
	c.duration("restart.window", r.Window)
	c.duration("restart.backoff_min", r.BackoffMin)
	c.duration("restart.backoff_max", r.BackoffMax)
	c.duration("restart.cooldown", r.Cooldown)
	least, most := r.BackoffMin.Or(defaultBackoffMin), r.BackoffMax.Or(defaultBackoffMax)
	switch {
	case least <= most:
	case r.BackoffMax == 0:
		c.relate("restart.backoff_min", "%v is more than backoff_max, which is %v by default", least, most)
	case r.BackoffMin == 0:
		c.relate("restart.backoff_max", "%v is less than backoff_min, which is %v by default", most, least)
	default:
		c.relate("restart.backoff_max", "%v is less than backoff_min, which is %v", most, least)
	}
	for i, text := range r.GiveUpOn {
		c.giveUp(element("restart.give_up_on", i), text)
	}
}

// giveUp takes an exit code or a signal.
func (c *checker) giveUp(key, text string) {
	code, err := strconv.ParseUint(text, 10, 64)
	if err == nil && code <= 255 && strconv.FormatUint(code, 10) == text {
		return
	}
	if err == nil {
		c.refuse(key, `%q is not an exit code: "0" to "255" are allowed, and signals such as "SIGILL"`, shorten(text))
		return
	}
	c.signal(key, text, `; exit codes "0" to "255" are allowed too`)
}

func (c *checker) process(p daemonry.Process) {
	c.environment(p)
	c.directory("process.dir", p.Dir)
	if p.Umask != "" && !isUmask(p.Umask) {
		c.refuse("process.umask", `%q is not a umask: up to four octal digits up to "0777" are allowed, as in "022"`, shorten(p.Umask))
	}
	if p.Nice < -20 || p.Nice > 19 {
		c.refuse("process.nice", "%d is not allowed; -20 (most favoured) to 19 is", p.Nice)
	}
	if p.StopSignal != "" {
		c.signal("process.stop_signal", p.StopSignal, "")
	}
	if p.StackSignal != "" {
		c.signal("process.stack_signal", p.StackSignal, "")
	}
	if isStopping(p.StopSignal) {
		c.refuse("process.stop_signal", "%s would freeze the daemon instead of ending it", p.StopSignal)
	}
	if isStopping(p.StackSignal) || p.StackSignal == "SIGKILL" {
		c.refuse("process.stack_signal", "no program can print its stacks on %s", p.StackSignal)
	}
}

func isUmask(text string) bool {
	n, err := strconv.ParseUint(text, 8, 16)
	return err == nil && n <= 0o777 && len(text) <= 4
}

func (c *checker) policy(p daemonry.Policy) {
	c.oneOf("policy.upgrade", p.Upgrade, upgrades())
	c.version("policy.min_version", p.MinVersion)
	for i, v := range p.Allow {
		if strings.TrimSpace(v) == "" {
			c.refuse(element("policy.allow", i), "an empty version allows nothing; leave it out")
		}
		c.text(element("policy.allow", i), v)
	}
}
