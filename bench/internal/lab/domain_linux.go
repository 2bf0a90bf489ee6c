package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// Domain is a broker, running or not, with definitions of its own.
type Domain struct {
	lab       *Lab
	name      string
	Dirs      endpoint.Dirs
	client    daemonryv1connect.BrokerClient
	transport *http.Transport
}

// Domain makes a domain and enters it.
func (l *Lab) Domain(name string) (*Domain, error) {
	d := &Domain{lab: l, name: name}
	if err := d.Enter(); err != nil {
		return nil, err
	}
	dirs, err := endpoint.Locate()
	if err != nil {
		return nil, err
	}
	d.Dirs = dirs
	for _, dir := range []string{dirs.Runtime, filepath.Join(dirs.Config, "services"), dirs.State} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	d.transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return daemonry.DialBroker(ctx, daemonry.NoStart())
	}}
	d.client = daemonryv1connect.NewBrokerClient(&http.Client{Transport: d.transport}, "http://daemonry")
	l.domains = append(l.domains, d)
	return d, nil
}

// Enter makes Dial mean this domain.
func (d *Domain) Enter() error { return os.Setenv("DAEMONRY_DOMAIN", d.name) }

// Define writes a definition; a broker that starts later reads it.
func (d *Domain) Define(name string, s daemonry.Service) error {
	text, err := definition.Format(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.Dirs.Config, "services", name+".toml"), text, 0o600)
}

// Endpoint is where a service of the domain listens.
func (d *Domain) Endpoint(service string) string {
	return filepath.Join(d.Dirs.Runtime, service+".sock")
}

// StartBroker has a broker running.
func (d *Domain) StartBroker(ctx context.Context) error {
	conn, err := daemonry.DialBroker(ctx)
	if err != nil {
		return err
	}
	conn.Close()
	_, err = d.client.Get(ctx, connect.NewRequest(&daemonryv1.GetRequest{Name: "none"})) // answers when every endpoint is published
	if connect.CodeOf(err) == connect.CodeNotFound {
		return nil
	}
	return err
}

// List returns what the broker has.
func (d *Domain) List(ctx context.Context) (*daemonryv1.ListResponse, error) {
	r, err := d.client.List(ctx, connect.NewRequest(&daemonryv1.ListRequest{}))
	if err != nil {
		return nil, err
	}
	return r.Msg, nil
}

// Service returns what the broker knows of a service.
func (d *Domain) Service(ctx context.Context, name string) (*daemonryv1.Service, error) {
	r, err := d.client.Get(ctx, connect.NewRequest(&daemonryv1.GetRequest{Name: name}))
	if err != nil {
		return nil, err
	}
	return r.Msg.Service, nil
}

// Stop stops a service's daemon and returns when it is gone: the next client
// starts another.
func (d *Domain) Stop(ctx context.Context, name string) error {
	_, err := d.client.Stop(ctx, connect.NewRequest(&daemonryv1.StopRequest{Name: name}))
	return err
}

// BrokersStarted counts the brokers that ever served the domain, by their log.
func (d *Domain) BrokersStarted() int {
	log, _ := os.ReadFile(filepath.Join(d.Dirs.State, "broker.log"))
	return strings.Count(string(log), `msg="broker is up"`)
}

// shutdownLimit is for a broker with many daemons; what takes longer is killed.
const shutdownLimit = 20 * time.Second

// Shutdown ends the broker and its daemons, and returns when the broker's process
// is gone. Without a broker it does nothing.
func (d *Domain) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	defer d.transport.CloseIdleConnections()
	if err := d.Enter(); err != nil {
		return err
	}
	list, err := d.List(ctx)
	if err != nil {
		return nil // nobody there
	}
	pidfd, err := unix.PidfdOpen(int(list.Broker.Pid), 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(pidfd)
	_, err = d.client.Shutdown(ctx, connect.NewRequest(&daemonryv1.ShutdownRequest{All: true}))
	if gone := awaitEnd(ctx, pidfd); gone != nil {
		return fmt.Errorf("cannot end the broker of %s: %w", d.name, errors.Join(gone, err))
	}
	return nil
}

// awaitEnd waits for a process that need not be our child.
func awaitEnd(ctx context.Context, pidfd int) error {
	deadline, _ := ctx.Deadline()
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return context.DeadlineExceeded
		}
		set := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
		n, err := unix.Poll(set, int(left.Milliseconds())+1)
		if n > 0 {
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("poll", err)
		}
	}
}

// Close ends the broker, by force if need be.
func (d *Domain) Close() error {
	err := d.Shutdown(context.Background())
	if err == nil {
		return nil
	}
	if pid, holds := d.BrokerPID(); holds == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return err
}

// BrokerPID finds the broker without asking it: it is who holds the lock.
func (d *Domain) BrokerPID() (int, error) {
	var st unix.Stat_t
	if err := unix.Stat(d.Dirs.Lock(), &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: d.Dirs.Lock(), Err: err}
	}
	pids, err := process.Holders(st.Dev, st.Ino)
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		if pid != os.Getpid() {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("nobody holds the broker lock: %w", os.ErrNotExist)
}
