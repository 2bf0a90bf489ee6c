package lab

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// Spec is a process to be started.
type Spec struct {
	Argv   []string // the first is the program's path
	Env    []string // added to PATH, and to LISTEN_FDS if there are Files
	Files  []int    // descriptors 3, 4, …
	Stdin  *os.File // nil: /dev/null
	Stdout *os.File // nil: /dev/null
	Group  bool     // stay in this process's session
}

// Proc is a child of this process. End it, or wait for it.
type Proc struct {
	lab *Lab
	PID int
}

// Start starts a process by fork and exec alone: it is the floor that others are
// measured against. Its standard error is this process's.
func (l *Lab) Start(s Spec) (*Proc, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	in, out := s.Stdin, s.Stdout
	if in == nil {
		in = null
	}
	if out == nil {
		out = null
	}
	files := []uintptr{in.Fd(), out.Fd(), os.Stderr.Fd()}
	for _, fd := range s.Files {
		files = append(files, uintptr(fd))
	}
	pid, err := syscall.ForkExec(s.Argv[0], s.Argv, &syscall.ProcAttr{
		Dir: "/", Env: s.environment(), Files: files, Sys: &syscall.SysProcAttr{Setsid: !s.Group},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", s.Argv[0], err)
	}
	p := &Proc{l, pid}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.procs[p] = true
	return p, nil
}

func (s Spec) environment() []string {
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/"}, s.Env...)
	if len(s.Files) > 0 {
		env = append(env, fmt.Sprintf("LISTEN_FDS=%d", len(s.Files)))
	}
	return env
}

// End kills the process and reaps it.
func (p *Proc) End() {
	_ = syscall.Kill(p.PID, syscall.SIGKILL) // a child that is not reaped keeps its number
	_ = p.Wait()
}

// Wait reaps the process and returns an error unless it exited with status 0.
func (p *Proc) Wait() error {
	p.lab.mu.Lock()
	delete(p.lab.procs, p)
	p.lab.mu.Unlock()
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.PID, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err == nil && status != 0 {
			err = fmt.Errorf("process ended with wait status %#x", uint32(status))
		}
		return err
	}
}

// Listen makes a bare listener in the lab, with the backlog that a broker uses,
// blocking and out of Go's poller as a broker's.
func (l *Lab) Listen() (*endpoint.Listener, error) {
	return endpoint.ListenUnix(l.Path(), endpoint.Backlog())
}
