package definition

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknownKey says that name is not a key of the table at path, what is, and
// what was probably meant.
func unknownKey(root *table, path, name string) string {
	here := root
	if path != "" {
		here = root.fields[path].table
	}
	reason := "unknown key"
	if meant := meantKey(root, here, path, name); meant != "" {
		reason += fmt.Sprintf("; did you mean %s?", meant)
	}
	where := "at the top"
	if path != "" {
		where = "in [" + path + "]"
	}
	return fmt.Sprintf("%s; the keys %s are %s", reason, where, strings.Join(here.names, ", "))
}

// meantKey looks for the key of that name in another table first (idle belongs
// into [limits]), then for a slip in this table, then for a slip in any other.
func meantKey(root, here *table, path, name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if key := synonym(name); key != "" {
		return key
	}
	elsewhere := keysByName(root)
	if key, ok := elsewhere[name]; ok {
		return key
	}
	if near := Nearest(name, here.names); near != "" {
		if path == "" {
			return near
		}
		return path + "." + near
	}
	return elsewhere[Nearest(name, slices.Sorted(maps.Keys(elsewhere)))]
}

// synonym returns our key for what other service managers call it.
func synonym(name string) string {
	switch name {
	case "cmd", "exec", "exec_start", "program", "argv", "args":
		return "command"
	case "environment", "environ":
		return "process.env"
	case "cwd", "workdir", "working_directory", "directory":
		return "process.dir"
	case "idle_timeout", "idle_time":
		return "limits.idle"
	case "start_timeout", "ready_timeout":
		return "limits.start"
	case "stop_timeout", "grace":
		return "limits.stop"
	case "memory", "memory_max":
		return "limits.max_memory"
	case "socket", "sockets", "listeners":
		return "listen"
	}
	return ""
}

// keysByName maps the last part of every key to the key; where two tables have
// it, the first wins.
func keysByName(root *table) map[string]string {
	keys := make(map[string]string)
	for _, name := range root.names {
		keys[name] = name
	}
	for _, outer := range root.names {
		t := root.fields[outer].table
		if t == nil {
			continue
		}
		for _, name := range t.names {
			if _, ok := keys[name]; !ok {
				keys[name] = outer + "." + name
			}
		}
	}
	return keys
}

// Nearest returns the known word that word is most likely a slip for, or "" if
// none is near: at most one slip (a letter too many, too few, wrong, or two
// swapped) in every three letters, or else the one that begins with word.
func Nearest(word string, known []string) string {
	best, least := "", max(1, min(len(word), 64)/3)+1
	for _, k := range known {
		if d := distance(word, k, least); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		best = completion(word, known)
	}
	return best
}

// completion returns the only known word that begins with word.
func completion(word string, known []string) string {
	found := ""
	for _, k := range known {
		if len(word) < 3 || !strings.HasPrefix(k, word) {
			continue
		}
		if found != "" {
			return ""
		}
		found = k
	}
	return found
}

// distance is the optimal string alignment distance of a and b, or limit if it
// is not less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 {
		return limit
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			rows[i][j] = step(rows, a, b, i, j)
		}
	}
	return min(limit, rows[len(a)][len(b)])
}

func step(rows [][]int, a, b string, i, j int) int {
	cost := 1
	if a[i-1] == b[j-1] {
		cost = 0
	}
	d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
	if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
		d = min(d, rows[i-2][j-2]+1)
	}
	return d
}
