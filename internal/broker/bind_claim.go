package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/internal/process"
	"github.com/daemonry/daemonry/internal/record"
	"github.com/daemonry/daemonry/internal/sockdiag"
)

// A claim is the kernel's evidence of which process of a generation listens at a
// path. No byte is sent for it.
type claim struct {
	pid int
	fd  int // the listener's number there; -1: it cannot be seen
}

// notYetError says what is still missing for a path to be a generation's.
type notYetError struct{ what string }

func (e *notYetError) Error() string { return e.what }

func notYet(format string, args ...any) error { return &notYetError{fmt.Sprintf(format, args...)} }

// claimAt finds out whether a generation listens at path. Somebody else who does
// is an error that names the process.
func (u *unit) claimAt(p *running, path string) (claim, error) {
	sockets, exact, err := listenersAt(path)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return u.claimByConnecting(p, path)
	case err != nil:
		return claim{}, err
	}
	var others []int
	unseen := false
	for _, s := range sockets {
		c, holders, found := u.holderOf(p, s.Own)
		if found {
			return c, nil
		}
		others, unseen = append(others, holders...), unseen || len(holders) == 0
	}
	switch {
	case unseen: // its descriptors may not be looked at
		return u.claimByConnecting(p, path)
	case exact:
		return claim{}, fmt.Errorf("%s listens at %s, which was given to process %d", processes(others), path, p.process.Identity().PID)
	}
	return claim{}, notYet("%s is bound, but nobody listens on it", path)
}

// listenersAt returns the sockets that listen at path. exact is false where the
// file system does not tell which of those with the same number it is.
func listenersAt(path string) (found []sockdiag.Socket, exact bool, err error) {
	file, err := sockdiag.OfPath(path)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil, false, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, notYet("nothing is bound at %s", path)
	case err != nil:
		return nil, false, notYet("%v", err) // not a socket
	}
	table, err := sockdiag.Listeners()
	if err != nil {
		return nil, false, fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	if s, ok := table[file]; ok {
		return []sockdiag.Socket{s}, true, nil
	}
	for key, s := range table {
		if key.Ino == file.Ino {
			found = append(found, s)
		}
	}
	return found, false, nil
}

// holderOf returns the process of a generation that holds a socket, or else all
// that can be seen to.
func (u *unit) holderOf(p *running, socket uint32) (c claim, others []int, found bool) {
	pid := p.process.Identity().PID
	if fd, err := process.Descriptor(pid, socket); err == nil {
		return claim{pid, fd}, nil, true
	}
	holders, err := process.SocketHolders(socket)
	if err != nil {
		return claim{}, nil, false
	}
	for _, holder := range holders {
		if fd, err := process.Descriptor(holder, socket); err == nil && u.belongs(p, holder) {
			return claim{holder, fd}, nil, true
		}
	}
	return claim{}, holders, false
}

// belongs reports whether a process is one of a generation: its main process, one
// of the session that the gate began, or a holder of the generation's lock.
func (u *unit) belongs(p *running, pid int) bool {
	main := p.process.Identity().PID
	if pid == main {
		return true
	}
	if session, err := process.Session(main); err == nil && slices.Contains(session, pid) {
		return true
	}
	return slices.Contains(holdersOf(record.LockPath(u.b.dirs.Private(""), u.key, p.generation)), pid)
}

// connectTime bounds a connect to a socket of this machine whose queue is not
// full.
const connectTime = 100 * time.Millisecond

// claimByConnecting asks by a connection, which the daemon sees come and go: the
// kernel tells who called listen. It is for daemons that nothing else can be
// learnt of.
func (u *unit) claimByConnecting(p *running, path string) (claim, error) {
	ctx, cancel := context.WithTimeout(u.b.ctx, connectTime)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return claim{}, notYet("nothing is bound at %s", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return claim{}, notYet("%s is bound, but nobody listens on it", path)
	case err != nil:
		return claim{}, notYet("%v", err)
	}
	defer conn.Close()
	peer, err := endpoint.PeerOf(conn.(*net.UnixConn))
	if err != nil {
		return claim{}, err
	}
	if !u.belongs(p, peer.PID) {
		return claim{}, fmt.Errorf("%s listens at %s, which was given to process %d", processes([]int{peer.PID}), path, p.process.Identity().PID)
	}
	return claim{peer.PID, -1}, nil
}

// copy returns a copy of the listener, which is at path now or soon; nil: the
// system refuses that.
func (c claim) copy(path string) *endpoint.Listener {
	if c.fd < 0 {
		return nil
	}
	id, err := process.IdentityOf(c.pid)
	if err != nil {
		return nil
	}
	fd, err := copyDescriptor(id, c.fd)
	if err != nil {
		return nil
	}
	l, err := endpoint.FromFD(fd)
	if err != nil {
		closeFD(fd)
		return nil
	}
	return l.Moved(path)
}

// processes names processes for people: "process 4711 (/usr/bin/python3)".
func processes(pids []int) string {
	if len(pids) == 0 {
		return "another process"
	}
	var names []string
	for _, pid := range pids {
		name := fmt.Sprint(pid)
		if command := process.Command(pid); command != "" {
			name += " (" + command + ")"
		}
		names = append(names, name)
	}
	if len(names) == 1 {
		return "process " + names[0]
	}
	return "processes " + strings.Join(names, ", ")
}
