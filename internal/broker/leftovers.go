package broker

import (
	"context"
	"os"
	"syscall"

	"github.com/daemonry/daemonry/internal/process"
)

// holdersOf returns the processes that hold a generation's lock open.
func holdersOf(lock string) []int {
	dev, ino, err := fileInode(lock)
	if err != nil {
		return nil
	}
	pids, err := process.Holders(dev, ino)
	if err != nil {
		return nil
	}
	others := pids[:0]
	for _, pid := range pids {
		if pid != os.Getpid() {
			others = append(others, pid)
		}
	}
	return others
}

// endHolders signals processes that hold a lock, each verified, and kills those
// that are still there when ctx ends.
func endHolders(ctx context.Context, lock string, pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		p, err := attachHolder(lock, pid)
		if err != nil {
			continue // gone meanwhile
		}
		_ = p.Signal(sig) // gone meanwhile is no error
		if _, err := p.Wait(ctx); err != nil && context.Cause(ctx) == context.DeadlineExceeded {
			_ = p.Signal(syscall.SIGKILL)
		}
		p.Close()
	}
}

// attachHolder takes hold of a process first and then looks whether it is one
// of the lock's holders still: a number alone may mean somebody else by now.
func attachHolder(lock string, pid int) (*process.Process, error) {
	id, err := process.IdentityOf(pid)
	if err != nil {
		return nil, err
	}
	p, err := process.Attach(id)
	if err != nil {
		return nil, err
	}
	for _, holder := range holdersOf(lock) {
		if holder == pid {
			return p, nil
		}
	}
	p.Close()
	return nil, os.ErrNotExist
}
