package broker

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/lifecycle"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// loadDefinitions reads every definition; a bad one is refused and the others
// are served.
func (b *Broker) loadDefinitions() {
	defs, refused := definition.LoadAll(b.sources)
	for _, r := range refused {
		b.refuse(r)
	}
	for name, d := range defs {
		if err := offered(d); err != nil {
			b.refuse(definition.Refusal{Name: name, File: d.File, Err: err})
			continue
		}
		b.defs[name] = d
	}
	b.loadClientDefinitions()
}

func (b *Broker) refuse(r definition.Refusal) {
	b.log.Error("definition refused", "service", r.Name, "file", r.File, "error", r.Err)
	b.refused[r.Name] = r
}

// offered refuses what is valid but not built.
func offered(d definition.Definition) error {
	s := d.Service
	refuse := func(key, value string) error {
		return &daemonry.Error{
			Code: daemonry.CodeInvalidDefinition, Op: "load", Service: d.Name,
			Message: d.File + ": " + key + " = \"" + value + "\" is not offered by this version of the broker",
		}
	}
	switch {
	case modeOf(s) != daemonry.ModeInherit && !binds(s):
		return refuse("mode", string(s.Mode))
	case s.Versions != "":
		return refuse("versions", s.Versions)
	}
	return nil
}

// fileOf is where the user's own definition of a service is.
func (b *Broker) fileOf(name string) string {
	return filepath.Join(b.sources.Services(), name+".toml")
}

// publishAll makes a unit of every definition that is no template.
func (b *Broker) publishAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, d := range b.defs {
		if d.Service.Template {
			continue
		}
		if _, err := b.makeUnitLocked(daemonry.Name{Service: name}, d); err != nil {
			b.refuse(definition.Refusal{Name: name, File: d.File, Err: err})
		}
	}
	for _, u := range b.units {
		b.beginLocked(u)
	}
}

// makeUnitLocked returns the unit of a name, making it if there is none. It is
// not published yet.
func (b *Broker) makeUnitLocked(name daemonry.Name, d definition.Definition) (*unit, error) {
	key := endpoint.Key(name.Service, name.Version, name.Instance)
	if u := b.units[key]; u != nil {
		return u, nil
	}
	u, err := b.newUnit(name, d, b.lastGeneration(key))
	if err != nil {
		return nil, err
	}
	b.units[key] = u
	return u, nil
}

// beginLocked publishes a unit, unless an operator disabled it.
func (b *Broker) beginLocked(u *unit) {
	if b.isDisabled(u.key) {
		u.event((*lifecycle.Machine).Disable)
		return
	}
	u.begin()
}

// unit returns the unit that a name means, publishing an instance that is asked
// for the first time.
func (b *Broker) unit(op string, name daemonry.Name) (*unit, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return nil, errorFor(op, name, daemonry.CodeShuttingDown, "the broker is shutting down")
	}
	if u := b.units[endpoint.Key(name.Service, name.Version, name.Instance)]; u != nil {
		return u, nil
	}
	d, err := b.definitionLocked(op, name)
	if err != nil {
		return nil, err
	}
	if limit := d.Service.Limits.MaxInstances; limit > 0 && b.instancesLocked(name.Service) >= limit {
		return nil, errorFor(op, name, daemonry.CodeBusy, "max_instances = %d are in use", limit)
	}
	u, err := b.makeUnitLocked(name, d)
	if err != nil {
		return nil, errorFor(op, name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	b.beginLocked(u)
	return u, nil
}

func (b *Broker) definitionLocked(op string, name daemonry.Name) (definition.Definition, error) {
	d, ok := b.defs[name.Service]
	switch {
	case !ok:
		if r, refused := b.refused[name.Service]; refused {
			return d, errorFor(op, name, daemonry.CodeInvalidDefinition, "%v", r.Err)
		}
		return d, errorFor(op, name, daemonry.CodeUnknownService,
			"no service %s is defined (looked in %s); `daemonry add %s -- COMMAND` defines one",
			name.Service, b.sources.Services(), name.Service)
	case name.Version != "":
		return d, errorFor(op, name, daemonry.CodeVersionRefused, "%s offers one version only; ask for %s", name.Service, daemonry.Name{Service: name.Service, Instance: name.Instance})
	case d.Service.Template && name.Instance == "":
		return d, errorFor(op, name, daemonry.CodeUnknownService, "%s is a template: ask for %s/INSTANCE", name.Service, name.Service)
	case !d.Service.Template && name.Instance != "":
		return d, errorFor(op, name, daemonry.CodeUnknownService, "%s is no template and has no instances: ask for %s", name.Service, name.Service)
	}
	return d, nil
}

func (b *Broker) instancesLocked(service string) int {
	n := 0
	for _, u := range b.units {
		if u.name.Service == service {
			n++
		}
	}
	return n
}

func (b *Broker) sortedUnits() []*unit {
	b.mu.Lock()
	defer b.mu.Unlock()
	units := make([]*unit, 0, len(b.units))
	for _, u := range b.units {
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b *unit) int { return cmp.Compare(a.name.String(), b.name.String()) })
	return units
}

func (b *Broker) refusals() []*daemonryv1.Refusal {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []*daemonryv1.Refusal
	for _, r := range b.refused {
		list = append(list, &daemonryv1.Refusal{Service: r.Name, File: r.File, Message: r.Err.Error()})
	}
	slices.SortFunc(list, func(a, b *daemonryv1.Refusal) int { return cmp.Compare(a.Service, b.Service) })
	return list
}

// reload looks at the named definitions again after their files changed. A bad
// edit leaves the last good definition in force.
func (b *Broker) reload(names []string) {
	if len(names) > manyNames {
		names = b.changedNames(names)
	}
	for _, name := range names {
		d, err := definition.Load(b.sources, name)
		if errors.Is(err, fs.ErrNotExist) {
			b.undefine(name)
			continue
		}
		if err == nil {
			err = offered(d)
		}
		b.mu.Lock()
		if err != nil {
			b.refuse(definition.Refusal{Name: name, File: b.fileOf(name), Err: err})
		} else {
			delete(b.refused, name)
			b.redefineLocked(name, d)
		}
		b.mu.Unlock()
	}
}

// manyNames is from when on one pass over all definitions is cheaper than a look
// at each: the watch begins by naming everything it found.
const manyNames = 64

// changedNames leaves out the names whose definition is in force already.
func (b *Broker) changedNames(names []string) []string {
	defs, _ := definition.LoadAll(b.sources)
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(names, func(name string) bool {
		now, ok := defs[name]
		old, known := b.defs[name]
		return ok && known && now.Digest == old.Digest && now.File == old.File
	})
}

// redefineLocked puts a definition in force: new daemons are started by it,
// running ones go on.
func (b *Broker) redefineLocked(name string, d definition.Definition) {
	b.defs[name] = d
	made := false
	for _, u := range b.units {
		if u.name.Service == name {
			made = true
			u.redefine(d)
		}
	}
	if made || d.Service.Template || b.closing {
		return
	}
	u, err := b.makeUnitLocked(daemonry.Name{Service: name}, d)
	if err != nil {
		b.refuse(definition.Refusal{Name: name, File: d.File, Err: err})
		return
	}
	b.beginLocked(u)
}

func (u *unit) redefine(d definition.Definition) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.def.Digest == d.Digest {
		u.def = d
		return
	}
	u.b.log.Info("definition changed", "service", u.name.String(), "file", d.File)
	u.def = d
	u.machine.SetPolicy(lifecycle.PolicyOf(d.Service))
	u.touchLocked()
}

// undefine takes a service out: its daemons are stopped, its endpoints
// withdrawn.
func (b *Broker) undefine(name string) {
	b.mu.Lock()
	delete(b.refused, name)
	if b.defs[name].File == clientOrigin {
		b.mu.Unlock()
		return
	}
	delete(b.defs, name)
	var gone []*unit
	for key, u := range b.units {
		if u.name.Service == name {
			gone = append(gone, u)
			delete(b.units, key)
		}
	}
	b.mu.Unlock()
	for _, u := range gone {
		u.b.log.Info("service removed", "service", u.name.String())
		u.remove()
		u.b.spawnGoroutine(func() { u.finish() })
	}
}

// finish ends a removed unit once its processes are gone.
func (u *unit) finish() {
	if u.awaitGone(u.b.ctx) == nil {
		u.close()
	}
}

// clientOrigin is the File of a definition that a client brought.
const clientOrigin = "client"

// clientPath keeps a client's definition until the machine restarts, so that a
// broker that takes over knows it.
func (b *Broker) clientPath(name string) string { return b.dirs.Private(name + ".client.json") }

// define takes a client's definition. A file in a definition directory wins,
// and an older client never replaces what a newer one brought (P10).
func (b *Broker) define(name daemonry.Name, s *structpb.Struct) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d, ok := b.defs[name.Service]; ok && d.File != clientOrigin {
		return nil
	}
	data, err := s.MarshalJSON()
	if err != nil {
		return errorFor("define", name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	d, err := b.parseClient(name.Service, data)
	if err != nil {
		return errorFor("define", name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	old, known := b.defs[name.Service]
	if known && (old.Digest == d.Digest || newer(old.Service.Version, d.Service.Version)) {
		return nil
	}
	if err := os.WriteFile(b.clientPath(name.Service), data, 0o600); err != nil {
		b.log.Warn("cannot keep a client's definition", "service", name.Service, "error", err)
	}
	b.redefineLocked(name.Service, d)
	return nil
}

func (b *Broker) parseClient(name string, data []byte) (definition.Definition, error) {
	s, err := definition.ParseJSON(clientOrigin, data)
	if err != nil {
		return definition.Definition{}, err
	}
	if err := validated(name, clientOrigin, s, b.dirs.Runtime); err != nil {
		return definition.Definition{}, err
	}
	d := definition.Definition{Name: name, Service: s, File: clientOrigin, Digest: definition.Digest(s)}
	return d, offered(d)
}

// validated is what is wrong with a service, all of it.
func validated(name, file string, s daemonry.Service, runtime string) error {
	problems := definition.Validate(name, s, runtime)
	if len(problems) == 0 {
		return nil
	}
	for i := range problems {
		problems[i].File = file
	}
	return &definition.Error{Service: name, Problem: problems[0], More: problems[1:]}
}

// loadClientDefinitions reads what an earlier broker was brought.
func (b *Broker) loadClientDefinitions() {
	files, _ := filepath.Glob(b.clientPath("*"))
	for _, file := range files {
		name := filepath.Base(file)
		name = name[:len(name)-len(".client.json")]
		if _, ok := b.defs[name]; ok || !daemonry.ValidService(name) {
			continue
		}
		data, err := os.ReadFile(file)
		if err == nil {
			if d, err := b.parseClient(name, data); err == nil {
				b.defs[name] = d
				continue
			}
		}
		b.log.Warn("a client's definition is unreadable and forgotten", "file", file)
		os.Remove(file)
	}
}
