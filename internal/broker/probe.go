package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/definition"
	"github.com/daemonry/daemonry/internal/lifecycle"
	"github.com/daemonry/daemonry/internal/process"
)

// The pauses between two probes, and how long one may take: a connection that
// waits for a daemon that loads is kept, as each new one would take a place in
// its queue.
const (
	firstProbe  = 20 * time.Millisecond
	lastProbe   = time.Second
	probeWithin = 30 * time.Second
)

// probe asks a generation whether it is ready, in the way that the definition
// gives, until it is or does not start any more.
func (u *unit) probe(p *running) {
	ctx, cancel := context.WithCancel(u.b.ctx)
	defer cancel()
	u.b.spawnGoroutine(func() {
		select {
		case <-p.stop:
			cancel()
		case <-ctx.Done():
		}
	})
	for pause := firstProbe; u.isStarting(p); pause = min(2*pause, lastProbe) {
		err := u.probeOnce(ctx, p)
		if err == nil {
			u.event(func(m *lifecycle.Machine, now time.Time) []lifecycle.Action { return u.readyLocked(m, now, p) })
			return
		}
		u.noteProbe(p, err)
		if !p.pause(u.b.ctx, pause) {
			return
		}
	}
}

func (u *unit) isStarting(p *running) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone || u.procs[p.generation] != p {
		return false
	}
	for _, proc := range u.machine.View().Processes {
		if proc.Generation == p.generation {
			return proc.Role != lifecycle.RoleDraining && proc.ReadyAt.IsZero()
		}
	}
	return false
}

// noteProbe shows why it is not ready as its status, unless it has one of its own.
func (u *unit) noteProbe(p *running, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if p.spoke || u.machine.View().Generation != p.generation || u.status == "not ready: "+err.Error() {
		return
	}
	u.status = "not ready: " + err.Error()
	u.touchLocked()
}

func (u *unit) probeOnce(ctx context.Context, p *running) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	if path := p.service.ReadyHTTP; path != "" {
		return u.probeHTTP(ctx, path)
	}
	return u.probeCommand(ctx, p)
}

// probeHTTP asks for a path on the endpoint; any 2xx is a yes.
func (u *unit) probeHTTP(ctx context.Context, path string) error {
	u.mu.Lock()
	l := u.defaultListenerLocked()
	u.mu.Unlock()
	if l == nil {
		return errors.New("its endpoint is not there")
	}
	network, address := l.Network(), l.Address()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", path, response.Status)
	}
	return nil
}

// probeCommand runs the command in the surroundings of the daemon, without its
// descriptors; exit status 0 is a yes.
func (u *unit) probeCommand(ctx context.Context, p *running) error {
	s := p.service
	if err := process.CheckCommand(s.ReadyCommand); err != nil {
		return err
	}
	dir := s.Process.Dir
	if dir == "" {
		dir = "/"
	}
	gated, err := process.Start(process.Spec{
		Argv: s.ReadyCommand, Env: u.probeEnvironment(p), Dir: dir,
		Umask: umaskOf(s.Process.Umask), OpenFiles: openFilesOf(s.Limits.OpenFiles), Nice: s.Process.Nice,
	})
	if err != nil {
		return err
	}
	command := gated.Process()
	defer command.Close()
	err = gated.Open()
	exit, werr := command.Wait(ctx)
	if werr != nil { // it takes too long, or the daemon is gone
		_ = command.SignalGroup(syscall.SIGKILL)
		_, _ = command.Wait(context.Background())
	}
	if err := errors.Join(err, werr, command.Reap()); err != nil {
		return fmt.Errorf("%s: %w", s.ReadyCommand[0], err)
	}
	if exit.Code != 0 || exit.Signal != 0 {
		return fmt.Errorf("%s %s", s.ReadyCommand[0], exit)
	}
	return nil
}

func (u *unit) probeEnvironment(p *running) []string {
	return append(definition.Environment(p.service, baseEnvironment()),
		"DAEMONRY_SERVICE="+u.name.Service,
		"DAEMONRY_INSTANCE="+u.name.Instance,
		"DAEMONRY_GENERATION="+strconv.FormatUint(p.generation, 10),
		"DAEMONRY_ENDPOINT="+u.path,
	)
}

// probes reports whether readiness is asked for.
func probes(s daemonry.Service) bool { return s.Ready == daemonry.ReadyProbe }
