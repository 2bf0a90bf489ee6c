package definition

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/daemonry/daemonry"
)

// Sources are the places of definitions.
type Sources struct {
	Config  string   // the config directory; its files are in Config/services. Empty: none
	System  []string // services directories of packagers, in the order in which they are asked
	Runtime string   // the runtime directory, in which endpoints must fit; empty: not checked

	root uint32 // who owns the system's definitions: root, except in tests
}

// Services returns the user's own services directory.
func (s Sources) Services() string { return filepath.Join(s.Config, "services") }

// SystemDirs returns the directories that packagers may use: for Sources.System.
func SystemDirs() []string { return systemDirs() }

// A Definition is a service that was accepted.
type Definition struct {
	Name    string
	Service daemonry.Service // as written: defaults are not filled in, words not replaced
	File    string           // "client" for one that a client brought
	DropIns []string         // the files that were merged into it, in order
	Digest  string           // hex of the content: equal for equal services, whatever comments and order
}

// A Refusal is a file, or a directory, that was refused.
type Refusal struct {
	Name string // the service's name; empty for a directory
	File string
	Err  error // *Error
}

// Digest returns the digest of a service: see Definition.
func Digest(s daemonry.Service) string {
	text, _ := json.Marshal(s) // maps are sorted, and every field is encodable
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Load reads one definition and its drop-ins.
//
// Files and their directories must belong to the user or root (those of the
// system: to root) and be writable by their owner alone; files must be regular
// and at most 1 MiB. Of a symbolic link the file it leads to is judged. What is
// not so is refused with the reason; nothing is repaired.
//
// The error is an *Error, or for a name without a definition a *daemonry.Error
// with CodeUnknownService.
func Load(src Sources, name string) (Definition, error) {
	if !daemonry.ValidService(name) {
		return Definition{}, newError(name, []Problem{{Key: "name", Reason: badName(name)}})
	}
	for _, d := range src.dirs() {
		if !isThere(d, name+suffix) {
			continue
		}
		l := loader{src: src, shape: shape()}
		def, err := l.loadFrom(d, name)
		if err == nil || isThere(d, name+suffix) {
			return def, err
		} // else it went while it was read
	}
	return Definition{}, unknown(src, name)
}

func (l *loader) loadFrom(d dir, name string) (Definition, error) {
	if p := l.judgeDir(d); p != nil {
		return Definition{}, newError(name, []Problem{*p})
	}
	return l.load(d, name, l.dropDirs(d, name, func(home dir, name string) bool { return isThere(home, name+dropSuffix) }))
}

// isThere also says true for what cannot be looked at: reading it tells why.
func isThere(d dir, entry string) bool {
	_, err := os.Lstat(filepath.Join(d.path, entry))
	return !errors.Is(err, fs.ErrNotExist)
}

func unknown(src Sources, name string) error {
	var looked []string
	for _, d := range src.dirs() {
		looked = append(looked, d.path)
	}
	return &daemonry.Error{
		Code: daemonry.CodeUnknownService, Op: "load the definition of", Service: name, Err: fs.ErrNotExist,
		Message: fmt.Sprintf("there is no %s in %s", name+suffix, strings.Join(looked, ", ")),
	}
}

// LoadAll reads every definition. Each file stands alone: one that is refused
// does not hold up the rest, and does not let one of the system's through in its
// place. For the same reason nothing is read beyond a directory that cannot be.
func LoadAll(src Sources) (defs map[string]Definition, refused []Refusal) {
	all := allLoader{loader: loader{src: src, shape: shape()}, defs: make(map[string]Definition), taken: make(map[string]bool)}
	for i, d := range src.dirs() {
		list, p := all.list(d)
		if i == 0 {
			all.own = list
		}
		if p != nil {
			all.refused = append(all.refused, Refusal{File: p.File, Err: newError("", []Problem{*p})})
		}
		if list.names == nil && p != nil {
			break
		}
		all.directory(d, list, p)
	}
	return all.defs, all.refused
}

// An allLoader is the state of one LoadAll.
type allLoader struct {
	loader
	own     listing // the user's own services directory
	taken   map[string]bool
	defs    map[string]Definition
	refused []Refusal
}

// directory loads what no directory before had; all of an unsafe directory is
// refused.
func (a *allLoader) directory(d dir, list listing, unsafe *Problem) {
	has := func(home dir, name string) bool {
		if home == d {
			return list.drops[name]
		}
		return a.own.drops[name]
	}
	for _, name := range list.names {
		if a.taken[name] {
			continue
		}
		a.taken[name] = true
		var def Definition
		var err error
		if unsafe != nil {
			err = newError(name, []Problem{*unsafe})
		} else {
			def, err = a.load(d, name, a.dropDirs(d, name, has))
		}
		if err != nil {
			a.refused = append(a.refused, Refusal{Name: name, File: filepath.Join(d.path, name+suffix), Err: err})
			continue
		}
		a.defs[name] = def
	}
}

const (
	suffix     = ".toml"
	dropSuffix = ".d"
)

// A dir is a services directory.
type dir struct {
	path   string
	system bool   // only root's files are taken
	root   uint32 // see Sources
}

// in returns what is in the directory, under the same rules.
func (d dir) in(entry string) dir {
	d.path = filepath.Join(d.path, entry)
	return d
}

// dirs returns the directories in the order in which they are asked.
func (s Sources) dirs() []dir {
	var all []dir
	if s.Config != "" {
		all = append(all, dir{path: s.Services()})
	}
	for _, path := range s.System {
		all = append(all, dir{path: path, system: true, root: s.root})
	}
	return all
}

// A listing is what a services directory holds.
type listing struct {
	names []string        // sorted
	drops map[string]bool // names that have a NAME.d
}

// nameOf returns the definition that a directory entry is about.
func nameOf(entry string) (name string, drop, ok bool) {
	if strings.HasPrefix(entry, ".") || strings.HasPrefix(entry, "#") {
		return "", false, false
	}
	if name, ok := strings.CutSuffix(entry, suffix); ok {
		return name, false, true
	}
	name, ok = strings.CutSuffix(entry, dropSuffix)
	return name, true, ok
}

type loader struct {
	src   Sources
	shape *table
}

// dropDirs returns the directories whose drop-ins apply to a definition in
// home: the one beside it, and for a system's definition the user's as well.
func (l *loader) dropDirs(home dir, name string, has func(dir, string) bool) []dir {
	var dirs []dir
	if has(home, name) {
		dirs = append(dirs, home.in(name+dropSuffix))
	}
	if own := (dir{path: l.src.Services()}); home.system && l.src.Config != "" && has(own, name) {
		dirs = append(dirs, own.in(name+dropSuffix))
	}
	return dirs
}

func (l *loader) load(home dir, name string, drops []dir) (Definition, error) {
	def := Definition{Name: name, File: filepath.Join(home.path, name+suffix)}
	if !daemonry.ValidService(name) {
		return def, newError(name, []Problem{{File: def.File, Line: 1, Column: 1, Key: "name", Reason: badName(name)}})
	}
	files := []dir{home.in(name + suffix)}
	for _, d := range drops {
		more, p := l.dropIns(d)
		if p != nil {
			return def, newError(name, []Problem{*p})
		}
		files = append(files, more...)
	}
	var sources []*source
	var problems []Problem
	for i, f := range files {
		if i > 0 {
			def.DropIns = append(def.DropIns, f.path)
		}
		s, p := l.read(f)
		if p != nil {
			problems = append(problems, *p)
			continue
		}
		sources = append(sources, s)
	}
	if len(problems) == 0 {
		def.Service, problems = merge(l.shape, sources, name, l.src.Runtime)
	}
	if err := newError(name, problems); err != nil {
		return Definition{}, err
	}
	def.Digest = Digest(def.Service)
	return def, nil
}

// dropIns returns the files of a NAME.d in name order.
func (l *loader) dropIns(d dir) ([]dir, *Problem) {
	if p := l.judgeDir(d.in("..")); p != nil {
		return nil, p
	}
	entries, p := l.entries(d)
	if p != nil {
		return nil, p
	}
	var files []dir
	for _, e := range entries {
		if _, drop, ok := nameOf(e); ok && !drop {
			files = append(files, d.in(e))
		}
	}
	return files, nil
}

// list returns what a directory holds, also if it is unsafe: then with the
// problem. names is nil if it cannot be read.
func (l *loader) list(d dir) (listing, *Problem) {
	list := listing{drops: map[string]bool{}}
	entries, p := l.entries(d)
	if entries != nil {
		list.names = []string{}
	}
	for _, e := range entries {
		switch name, drop, ok := nameOf(e); {
		case !ok:
		case drop:
			list.drops[name] = true
		default:
			list.names = append(list.names, name)
		}
	}
	return list, p
}
