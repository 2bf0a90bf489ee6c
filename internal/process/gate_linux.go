package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// shell is where POSIX systems have one.
const shell = "/bin/sh"

// gateName is what the shell calls itself while it waits (at most 15 bytes). An
// exec replaces it, and it can still be read of a zombie: the only trace by which
// an exit status 127 of the shell differs from one of the command.
const gateName = "daemonry-gate"

// Gated is a process that waits for Open or Abort. One of them must be called,
// unless the caller ends: that counts as Abort.
type Gated struct {
	process *Process
	mu      sync.Mutex // guards gate
	gate    *os.File   // write end of the shell's standard input; nil once decided
}

// script is what the shell runs. printf is builtin in the shells that matter; in
// others it fails and the name stays as it was.
func script(s Spec) string {
	assign := ""
	if s.ListenFDs > 0 {
		assign = "LISTEN_PID=$$ "
	}
	return fmt.Sprintf("printf %s 2>/dev/null >/proc/$$/comm; umask %03o && read -r _ && %sexec \"$@\" </dev/null",
		gateName, s.Umask, assign)
}

func start(s Spec) (*Gated, error) {
	g, err := startGate(s)
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", first(s.Argv), err)
	}
	if err := g.process.settle(s); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", first(s.Argv), errors.Join(err, g.abort()))
	}
	return g, nil
}

func startGate(s Spec) (*Gated, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var gate [2]int
	// Not os.Pipe: that would make the shell's end non-blocking.
	if err := syscall.Pipe2(gate[:], syscall.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	write := os.NewFile(uintptr(gate[1]), "gate")
	pid, pidfd, err := fork(s, gate[0])
	syscall.Close(gate[0])
	if err != nil {
		write.Close()
		return nil, err
	}
	p, err := adoptChild(pid, pidfd)
	if err != nil {
		write.Close() // the shell ends by itself
		return nil, errors.Join(err, reapPID(pid))
	}
	return &Gated{process: p, gate: write}, nil
}

// fork starts the shell with stdin as its standard input.
func fork(s Spec, stdin int) (pid, pidfd int, err error) {
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, -1, &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	defer syscall.Close(null)
	files := []uintptr{uintptr(stdin), uintptr(orElse(s.Stdout, null)), uintptr(orElse(s.Stderr, null))}
	for _, fd := range s.Files {
		files = append(files, uintptr(fd))
	}
	pidfd = -1
	attr := &syscall.ProcAttr{
		Dir:   s.dir(),
		Env:   s.environment(),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd},
	}
	argv := append([]string{shell, "-c", script(s), "daemonry"}, s.Argv...)
	pid, err = cleanly(func() (int, error) { return syscall.ForkExec(shell, argv, attr) })
	if err != nil {
		return 0, -1, fmt.Errorf("cannot execute %s in %s: %w", shell, s.dir(), os.NewSyscallError("fork/exec", err))
	}
	return pid, pidfd, nil
}

// cleanly forks with an empty signal mask and with no signal ignored: a child
// inherits both, and a shell can undo neither.
func cleanly(forkExec func() (int, error)) (int, error) {
	if err := resetSignals(); err != nil {
		return 0, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var none, old unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &none, &old); err != nil {
		return 0, os.NewSyscallError("sigprocmask", err)
	}
	pid, err := forkExec()
	if back := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); back != nil && err == nil {
		return pid, nil // cannot fail with a mask that the kernel itself gave
	}
	return pid, err
}

func (g *Gated) open() error {
	gate, err := g.decide()
	if err != nil {
		return err
	}
	_, err = gate.WriteString("\n")
	if err = errors.Join(err, gate.Close()); err != nil {
		return fmt.Errorf("cannot open the gate of process %d: %w", g.process.id.PID, err)
	}
	return nil
}

func (g *Gated) abort() error {
	gate, err := g.decide()
	if err != nil {
		return err
	}
	// The end of the file would do for a shell that runs; SIGKILL also ends one
	// that somebody stopped.
	err = errors.Join(g.process.Signal(syscall.SIGKILL), gate.Close(), reapPID(g.process.id.PID))
	g.process.Close()
	return err
}

// decide hands out the gate once.
func (g *Gated) decide() (*os.File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gate == nil {
		return nil, fmt.Errorf("the gate of process %d was opened or given up before", g.process.id.PID)
	}
	gate := g.gate
	g.gate = nil
	return gate, nil
}

func left(pid int) bool {
	st, err := readStat(pid)
	if err != nil {
		return true
	}
	if st.comm == gateName {
		return false
	}
	// The shell may not have come to name itself yet. A zombie has no arguments.
	argv := arguments(pid)
	return len(argv) < 3 || argv[0] != shell || !strings.Contains(argv[2], gateName)
}

func orElse(fd, other int) int {
	if fd == 0 {
		return other
	}
	return fd
}

func first(argv []string) string {
	if len(argv) == 0 {
		return "nothing"
	}
	return argv[0]
}
