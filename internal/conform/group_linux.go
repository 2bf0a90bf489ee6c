package conform

import (
	"syscall"
	"time"
)

// freezeLimit is how long stopping processes may take; it takes microseconds.
const freezeLimit = 10 * time.Second

// freeze stops the group and returns when no thread of it runs.
func (d *daemon) freeze() error {
	d.signal(syscall.SIGSTOP)
	ctx, cancel := within(d.alive, freezeLimit, "its processes did not stop at SIGSTOP")
	defer cancel()
	group := d.leader.Identity().PID
	return await(ctx, func() (bool, error) {
		all, err := processes()
		if err != nil {
			return false, err
		}
		for _, p := range all {
			if p.group != group {
				continue
			}
			tasks, err := threads(p.pid)
			if err != nil {
				return false, err
			}
			for _, task := range tasks {
				if !task.stopped() {
					return false, nil
				}
			}
		}
		return true, nil
	})
}

func (d *daemon) thaw() { d.signal(syscall.SIGCONT) }

// members returns the daemon's processes.
func (d *daemon) members() ([]proc, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	return family(all, d.leader.Identity().PID), nil
}

// held is a listening socket and one process that has it open.
type heldSocket struct {
	socket
	pid    int
	forked bool // the process executed nothing since it was forked
}

// listens returns what the daemon's processes listen on, once for each process.
func (d *daemon) listens() ([]heldSocket, error) {
	members, err := d.members()
	if err != nil {
		return nil, err
	}
	sockets, err := listening(d.main.Identity().PID)
	if err != nil {
		return nil, err
	}
	var list []heldSocket
	for _, p := range members {
		open, err := socketsOf(p.pid)
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			if open[s.inode] {
				list = append(list, heldSocket{s, p.pid, p.forked})
			}
		}
	}
	return list, nil
}

// endpointInode returns the inode of the listening socket itself, 0 if it is not to
// be found.
func (d *daemon) endpointInode(sockets []heldSocket) uint64 {
	if l := d.trial.listener; l != nil {
		_, ino := l.Inode()
		return ino
	}
	for _, s := range sockets {
		if s.network == "unix" && s.address == d.given {
			return s.inode
		}
	}
	return 0
}
