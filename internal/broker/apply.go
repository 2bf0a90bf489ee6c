package broker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"connectrpc.com/connect"
	"golang.org/x/mod/semver"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

// Apply implements BrokerHandler.
func (c control) Apply(_ context.Context, r *connect.Request[daemonryv1.ApplyRequest]) (*connect.Response[daemonryv1.ApplyResponse], error) {
	name, err := daemonry.ParseName(r.Msg.Name)
	if err != nil {
		return nil, failure(err)
	}
	file, err := c.b.apply(name, []byte(r.Msg.Toml), r.Msg.Replace)
	if err != nil {
		return nil, failure(err)
	}
	response := &daemonryv1.ApplyResponse{File: file}
	if u, err := c.b.unit("apply", daemonry.Name{Service: name.Service}); err == nil {
		response.Service = c.service(u)
	}
	return connect.NewResponse(response), nil
}

// apply checks a definition, writes it, and puts it in force.
func (b *Broker) apply(name daemonry.Name, toml []byte, replace bool) (file string, err error) {
	file = b.fileOf(name.Service)
	if name.Version != "" || name.Instance != "" {
		return "", errorFor("add", name, daemonry.CodeInvalidDefinition, "a definition is of a service: leave out version and instance")
	}
	s, err := definition.Parse(file, toml)
	if err == nil {
		err = validated(name.Service, file, s, b.dirs.Runtime)
	}
	if err == nil {
		err = offered(definition.Definition{Name: name.Service, Service: s, File: file})
	}
	if err != nil {
		return "", errorFor("add", name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	if err := writeDefinition(file, toml, replace); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return "", errorFor("add", name, daemonry.CodeBusy, "%s exists already; --replace replaces it", file)
		}
		return "", errorFor("add", name, daemonry.CodeInvalidDefinition, "%v", err)
	}
	b.reload([]string{name.Service})
	return file, nil
}

// writeDefinition puts a whole file in place, never half of one.
func writeDefinition(file string, data []byte, replace bool) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil { // one that exists may be 0755: it holds no secrets
		return err
	}
	f, err := os.CreateTemp(dir, ".add-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if replace {
		return os.Rename(f.Name(), file)
	}
	return os.Link(f.Name(), file) // fails if it exists, unlike rename
}

// Remove implements BrokerHandler.
func (c control) Remove(ctx context.Context, r *connect.Request[daemonryv1.RemoveRequest]) (*connect.Response[daemonryv1.RemoveResponse], error) {
	name, err := daemonry.ParseName(r.Msg.Name)
	if err != nil {
		return nil, failure(err)
	}
	file, err := c.b.removeService(ctx, name)
	if err != nil {
		return nil, failure(err)
	}
	return connect.NewResponse(&daemonryv1.RemoveResponse{File: file}), nil
}

// removeService removes the definition and returns once its daemons are gone.
func (b *Broker) removeService(ctx context.Context, name daemonry.Name) (file string, err error) {
	b.mu.Lock()
	d, known := b.defs[name.Service]
	r, refused := b.refused[name.Service]
	var units []*unit
	for _, u := range b.units {
		if u.name.Service == name.Service {
			units = append(units, u)
		}
	}
	b.mu.Unlock()
	switch own := b.fileOf(name.Service); {
	case !known && !refused:
		return "", errorFor("remove", name, daemonry.CodeUnknownService, "no service %s is defined", name.Service)
	case known && d.File == clientOrigin:
		os.Remove(b.clientPath(name.Service))
		b.mu.Lock()
		d.File = own // so that undefine takes it out
		b.defs[name.Service] = d
		b.mu.Unlock()
	case known && d.File != own, !known && r.File != own:
		return "", errorFor("remove", name, daemonry.CodeInvalidDefinition, "it is defined by the system in %s; `daemonry disable %s` keeps it down", d.File, name.Service)
	default:
		if err := os.Remove(own); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", errorFor("remove", name, daemonry.CodeInvalidDefinition, "%v", err)
		}
		file = own
	}
	b.undefine(name.Service)
	for _, u := range units {
		if err := u.awaitGone(ctx); err != nil {
			return file, errorFor("remove", name, daemonry.CodeTimeout, "it is still %s: %v", u.stateNow(), err)
		}
		u.close()
	}
	return file, nil
}

// newer reports whether version a is newer than b, in semver's order; what is
// no semver is never newer.
func newer(a, b string) bool {
	return semver.IsValid("v"+a) && semver.IsValid("v"+b) && semver.Compare("v"+a, "v"+b) > 0
}

// disabledPath marks a unit that an operator disabled; it outlives the broker
// and the machine (P11).
func (b *Broker) disabledPath(key string) string {
	return filepath.Join(b.dirs.State, "disabled", key)
}

func (b *Broker) isDisabled(key string) bool {
	_, err := os.Lstat(b.disabledPath(key))
	return err == nil
}

func (b *Broker) setDisabled(key string, disabled bool) error {
	path := b.disabledPath(key)
	if !disabled {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := endpoint.EnsureDir(filepath.Dir(path)); err != nil {
		return err
	}
	return os.WriteFile(path, nil, 0o600)
}
