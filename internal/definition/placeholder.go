package definition

import (
	"fmt"
	"iter"
	"maps"
	"strings"

	"github.com/daemonry/daemonry"
)

// Values are what the words in braces stand for. A word that a definition uses
// must have a value.
type Values struct {
	StateDir   string // the daemon's own directory for data, absolute
	RuntimeDir string // the runtime directory, absolute
	Instance   string
	Version    string
	Socket     string // the path to bind or to listen on
	Port       string // decimal
	Home       string // the user's home directory, absolute
}

// Words returns the words that Expand replaces.
func Words() []string {
	return []string{"state_dir", "runtime_dir", "instance", "version", "socket", "port", "home"}
}

// programWords returns the words allowed in a program's path. It cannot depend
// on what a client chooses, or on what is only known after the start is decided.
func programWords() []string { return []string{"home", "version", "state_dir", "runtime_dir"} }

func (v Values) of(word string) string {
	switch word {
	case "state_dir":
		return v.StateDir
	case "runtime_dir":
		return v.RuntimeDir
	case "instance":
		return v.Instance
	case "version":
		return v.Version
	case "socket":
		return v.Socket
	case "port":
		return v.Port
	case "home":
		return v.Home
	}
	return ""
}

// words yields the start and end of every {word} of lower-case letters and '_'
// in text. Any other brace is text: JSON, awk and Go templates pass.
func words(text string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i := 0; i < len(text); i++ {
			if text[i] != '{' {
				continue
			}
			end := i + 1
			for end < len(text) && ('a' <= text[end] && text[end] <= 'z' || text[end] == '_') {
				end++
			}
			if end > i+1 && end < len(text) && text[end] == '}' && !yield(i, end+1) {
				return
			}
			i = end - 1
		}
	}
}

// Expand returns a copy of s with the words replaced in command, ready_command,
// process.dir and the values of process.env. What is put in is not looked at
// again. The error names a word that has no value; words that are not known are
// left alone (definitions with such words are refused before).
func Expand(s daemonry.Service, v Values) (daemonry.Service, error) {
	e := expander{values: v}
	s.Command = e.list("command", s.Command)
	s.ReadyCommand = e.list("ready_command", s.ReadyCommand)
	s.Process.Dir = e.text("process.dir", s.Process.Dir)
	s.Process.Env = maps.Clone(s.Process.Env)
	for name, value := range s.Process.Env {
		s.Process.Env[name] = e.text(join("process.env", name), value)
	}
	return s, e.err
}

type expander struct {
	values Values
	err    error
}

func (e *expander) list(key string, list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = e.text(element(key, i), text)
	}
	return out
}

func (e *expander) text(key, text string) string {
	var b strings.Builder
	done := 0
	for start, end := range words(text) {
		word := text[start+1 : end-1]
		if !contains(Words(), word) {
			continue
		}
		value := e.values.of(word)
		if value == "" && e.err == nil {
			e.err = fmt.Errorf("cannot expand %s: {%s} has no value", key, word)
		}
		b.WriteString(text[done:start])
		b.WriteString(value)
		done = end
	}
	if done == 0 {
		return text
	}
	return b.String() + text[done:]
}
