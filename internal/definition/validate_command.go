package definition

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/daemonry/daemonry"
)

func (c *checker) command() {
	if len(c.s.Command) == 0 {
		c.relate("command", `is missing; it is the program and its arguments, as in command = ["/usr/local/bin/gocached", "--serve"]`)
	}
	c.argv("command", c.s.Command)
}

func (c *checker) argv(key string, argv []string) {
	for i, text := range argv {
		at := element(key, i)
		switch {
		case !c.argument(at, text):
		case i == 0:
			if c.placeholders(at, text, programWords()) {
				c.absolute(at, text, "/usr/local/bin/gocached")
			}
		default:
			c.placeholders(at, text, Words())
		}
	}
}

func (c *checker) directory(key, dir string) {
	if dir != "" && c.argument(key, dir) && c.placeholders(key, dir, Words()) {
		c.absolute(key, dir, "/var/empty")
	}
}

// absolute refuses relative paths: a daemon is not started in its client's
// directory, nor with its search path.
func (c *checker) absolute(key, path, example string) {
	start, ok := leadingWord(path)
	switch {
	case filepath.IsAbs(path), ok && isDirectory(start):
	case path == "":
		c.refuse(key, "is empty; it must be an absolute path, as in %q", example)
	case path == "~" || strings.HasPrefix(path, "~/"):
		c.refuse(key, "%q needs a shell; write %q", shorten(path), "{home}"+path[1:])
	default:
		c.refuse(key, "%q is not an absolute path, as in %q; it could be another file for every client", shorten(path), example)
	}
}

// leadingWord returns the placeholder that a path starts with, if the path goes
// on below it.
func leadingWord(path string) (string, bool) {
	for start, end := range words(path) {
		rest := path[end:]
		return path[start+1 : end-1], start == 0 && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator)
	}
	return "", false
}

// isDirectory reports whether a placeholder always stands for an absolute path.
func isDirectory(word string) bool {
	return word == "home" || word == "state_dir" || word == "runtime_dir"
}

// placeholders refuses words that are not known, and those that would stand for
// nothing.
func (c *checker) placeholders(key, text string, allowed []string) bool {
	before := len(c.found)
	for start, end := range words(text) {
		c.placeholder(key, text[start+1:end-1], allowed)
	}
	return len(c.found) == before
}

func (c *checker) placeholder(key, word string, allowed []string) {
	if !contains(allowed, word) {
		reason := fmt.Sprintf("{%s} is not replaced here", word)
		if near := Nearest(word, allowed); near != "" {
			reason += fmt.Sprintf("; did you mean {%s}?", near)
		}
		c.refuse(key, "%s; allowed are %s", reason, braced(allowed))
		return
	}
	switch {
	case word == "instance" && !c.s.Template:
		c.relate(key, "{instance} stands for nothing unless template = true")
	case word == "version" && c.s.Version == "" && c.s.Versions == "":
		c.relate(key, "{version} stands for nothing without version or versions")
	case word == "port" && !c.hasPort():
		c.relate(key, `{port} stands for nothing without a listener such as "tcp:127.0.0.1:4226" or mode = "proxy"`)
	}
}

func (c *checker) hasPort() bool {
	for _, l := range c.s.Listen {
		if strings.HasPrefix(l, "tcp:") {
			return true
		}
	}
	return c.s.Mode == daemonry.ModeProxy
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

func braced(words []string) string { return "{" + strings.Join(words, "} {") + "}" }

func (c *checker) versions() {
	c.version("version", c.s.Version)
	pattern := c.s.Versions
	if pattern == "" || !c.argument("versions", pattern) {
		return
	}
	if !c.placeholders("versions", pattern, []string{"home", "version"}) {
		return
	}
	if strings.Count(pattern, "{version}") != 1 {
		c.refuse("versions", `%q must have {version} in it once, as in "/opt/gocached/{version}/gocached"`, shorten(pattern))
	}
	c.absolute("versions", pattern, "/opt/gocached/{version}/gocached")
}

// version refuses what cannot be the version of a Name: '/' begins the
// instance, '@' the version.
func (c *checker) version(key, version string) {
	for _, b := range []byte(version) {
		if !isLetter(b) && (b < '0' || b > '9') && !strings.ContainsRune(".-+_~:", rune(b)) {
			c.refuse(key, "%q is not a version: letters, digits and . - + _ ~ : are allowed", shorten(version))
			return
		}
	}
	if len(version) > 128 {
		c.refuse(key, "a version may have 128 characters, not %d", len(version))
	}
}

func (c *checker) ready() {
	s := c.s
	c.oneOf("ready", string(s.Ready), readinesses())
	c.argv("ready_command", s.ReadyCommand)
	if s.ReadyHTTP != "" && c.text("ready_http", s.ReadyHTTP) && (s.ReadyHTTP[0] != '/' || strings.ContainsAny(s.ReadyHTTP, " #")) {
		c.refuse("ready_http", `%q is not a path of a request, as in "/healthz"`, shorten(s.ReadyHTTP))
	}
	has := len(s.ReadyCommand) > 0
	switch probe := s.Ready == daemonry.ReadyProbe; {
	case probe && !has && s.ReadyHTTP == "":
		c.relate("ready", `"probe" needs ready_command or ready_http to say what to ask`)
	case probe && has && s.ReadyHTTP != "":
		c.relate("ready_http", "there can be one probe, and ready_command is given too")
	case !probe && has:
		c.relate("ready_command", `goes with ready = "probe" only`)
	case !probe && s.ReadyHTTP != "":
		c.relate("ready_http", `goes with ready = "probe" only`)
	}
}
