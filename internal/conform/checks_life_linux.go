package conform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/process"
)

func checkTakesListener(ctx context.Context, v *life) (string, error) {
	if err := v.begin(ctx); err != nil {
		return "", v.instead(err)
	}
	return "first connection accepted after " + span(v.first), nil
}

// instead adds to the failure to begin where the daemon listens, if that is
// not the endpoint.
func (v *life) instead(err error) error {
	if v.d == nil || v.d.gone() || !its(err) {
		return err
	}
	sockets, lookErr := v.d.listens()
	if lookErr != nil {
		return err
	}
	if other := foreign(sockets, v.d.endpointInode(sockets)); len(other) > 0 {
		return found("%v; it listens at %s instead", err, strings.Join(other, ", "))
	}
	return err
}

// foreign returns the sockets other than the endpoint, each once.
func foreign(sockets []heldSocket, own uint64) []string {
	var list []string
	for _, s := range sockets {
		if text := s.String(); s.inode != own && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

func checkBinds(ctx context.Context, v *life) (string, error) {
	if err := v.begin(ctx); err != nil {
		return "", v.unbound(err)
	}
	return "listened at the path that it was given, and accepted after " + span(v.first), nil
}

// unbound tells a path that was bound and does not listen from one that was not.
func (v *life) unbound(err error) error {
	if v.d != nil && !v.d.gone() {
		if info, statErr := os.Lstat(v.d.given); statErr == nil && info.Mode().Type() != os.ModeSocket {
			return found("there is no socket at the path that it was given, but a file of type %v", info.Mode().Type())
		} else if statErr == nil {
			return found("%v: it bound the path and does not listen", err)
		}
	}
	return v.instead(err)
}

func checkAnswers(ctx context.Context, v *life) (string, error) {
	if !v.trial.lab.t.asks() {
		return "", noRequest()
	}
	if err := v.heat(ctx); err != nil {
		return "", err
	}
	return "the request was answered as expected", v.asking
}

func noRequest() error {
	return &inapplicable{"no request was given: name one with --send and --expect, or a command with --probe"}
}

func checkOneListener(ctx context.Context, v *life) (string, error) {
	if err := v.living(ctx); err != nil {
		return "", err
	}
	sockets, err := v.d.listens()
	if err != nil {
		return "", err
	}
	if other := foreign(sockets, v.d.endpointInode(sockets)); len(other) > 0 {
		return "", found("it also listens at %s", strings.Join(other, ", "))
	}
	return "it listens at the endpoint alone", v.ownSocket(sockets)
}

// ownSocket makes sure that the socket at the path of mode bind is one of the daemon's.
func (v *life) ownSocket(sockets []heldSocket) error {
	if v.trial.listener == nil && v.d.endpointInode(sockets) == 0 {
		return found("the socket at the path is held by none of its processes")
	}
	return nil
}

func checkKeepsMode(ctx context.Context, v *life) (string, error) {
	if err := v.living(ctx); err != nil {
		return "", err
	}
	info, err := os.Lstat(v.trial.link)
	if err != nil {
		return "", err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode().Perm(); mode != 0o600 {
		return "", found("the mode is %04o, it was 0600", mode)
	}
	if ok && int(st.Uid) != os.Geteuid() {
		return "", found("the owner is uid %d, it was %d", st.Uid, os.Geteuid())
	}
	return "0600, as it was made", nil
}

func checkLog(ctx context.Context, v *life) (string, error) {
	if err := v.living(ctx); err != nil {
		return "", err
	}
	want, err := v.trial.lab.log.Stat()
	if err != nil {
		return "", err
	}
	path := filepath.Join("/proc", strconv.Itoa(v.d.main.Identity().PID), "fd/2")
	got, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", found("standard error is closed")
	}
	if err != nil {
		return "", fmt.Errorf("cannot look at its standard error: %w", err)
	}
	if !os.SameFile(want, got) {
		target, _ := os.Readlink(path) // "" says no less
		return "", found("standard error no longer is the log but %s", target)
	}
	if printed := want.Size() - v.trial.from; printed > 0 {
		return fmt.Sprintf("standard error is the log, which has %d bytes", printed), nil
	}
	return "standard error is the log; nothing was printed so far", nil
}

func checkChildren(ctx context.Context, v *life) (string, error) {
	if err := v.living(ctx); err != nil {
		return "", err
	}
	sockets, err := v.d.listens()
	if err != nil {
		return "", err
	}
	own, main := v.d.endpointInode(sockets), v.d.main.Identity().PID
	for _, s := range sockets {
		if s.inode == own && s.pid != main && !s.forked {
			return "", found("its child %d (%s), a program that it executed, holds the listener", s.pid, process.Command(s.pid))
		}
	}
	members, err := v.d.members()
	if err != nil {
		return "", err
	}
	return v.childless(members)
}

// childless describes children that hold nothing; without any there is nothing
// to look at.
func (v *life) childless(members []proc) (string, error) {
	workers, programs := 0, 0
	for _, p := range members {
		switch {
		case p.pid == v.d.main.Identity().PID:
		case p.forked:
			workers++
		default:
			programs++
		}
	}
	if programs > 0 {
		return fmt.Sprintf("none of %d holds the listener", programs), nil
	}
	if workers > 0 {
		return "", &inapplicable{fmt.Sprintf("it executed no program; its %d forked workers may hold the listener", workers)}
	}
	return "", &inapplicable{"it has no children (a request that makes it run one would show more)"}
}

func checkStops(ctx context.Context, v *life) (string, error) {
	if err := v.halt(ctx); err != nil {
		return "", err
	}
	t := v.trial.lab.t
	name := unix.SignalName(t.StopSignal)
	switch {
	case v.crashed:
		return "", found("it %v before it was asked to end", v.exit)
	case !v.ended:
		return "", found("it did not end within %v of %s", t.Grace, name)
	case v.exit.Signal == t.StopSignal:
		return "", &caution{"it does not handle " + name + ": nothing is lost while it is idle, but requests under way are"}
	case v.exit.Known && (v.exit.Code != 0 || v.exit.Signal != 0):
		return "", found("it %v at %s, not with status 0", v.exit, name)
	}
	return fmt.Sprintf("exited with status 0, %s after %s", span(v.took), name), nil
}

func checkKeepsPath(ctx context.Context, v *life) (string, error) {
	if err := v.halt(ctx); err != nil {
		return "", err
	}
	return "there while it ran and after its end", whenBroken(v.pathAlive, v.pathAfter)
}

func checkKeepsListener(ctx context.Context, v *life) (string, error) {
	if err := v.halt(ctx); err != nil {
		return "", err
	}
	return "took connections while it ran and after its end", whenBroken(v.listenAlive, v.listenAfter)
}

func whenBroken(alive, after error) error {
	switch {
	case alive != nil:
		return found("%v while it ran", alive)
	case after != nil:
		return found("%v after its end", after)
	}
	return nil
}

// span shows a time as people measure it.
func span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
