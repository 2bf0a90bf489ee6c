package process

// Spec is what to start and in which surroundings. Nothing that is not in it is
// taken from the caller: signal mask and dispositions, soft limits, affinity,
// session and descriptors are always reset.
type Spec struct {
	// Argv is the command, an absolute path, and its arguments. See CheckCommand.
	Argv []string
	// Env is the whole environment, "NAME=value". Names must be identifiers, as
	// the shell at the gate drops others, and not those that a shell keeps for
	// itself (IFS, LINENO, OPTIND, PPID, _). The shell adds PWD if it is not there.
	Env []string
	// Dir is the working directory; empty: "/".
	Dir string
	// Umask is the file mode creation mask, 0 to 0777. There is no default: 0 is 0.
	Umask int
	// Files become descriptors 3, 4, … in this order. They stay the caller's, and
	// one may stand in the list twice.
	Files []int
	// Stdout and Stderr become descriptors 1 and 2; 0: /dev/null. Descriptor 0 is
	// always /dev/null.
	Stdout, Stderr int
	// ListenFDs above 0 sets LISTEN_PID to the pid of the daemon. LISTEN_FDS and
	// LISTEN_FDNAMES are the caller's to put into Env.
	ListenFDs int
	// OpenFiles is the soft limit of descriptors; 0: DefaultOpenFiles, or the hard
	// limit where that is lower. Raising it above the hard limit takes privileges;
	// below MinOpenFiles plus the number of Files it is refused.
	OpenFiles int
	// Nice is the niceness, -20 to 19. A positive or zero one that the kernel
	// refuses because the caller's own is higher is left at that; a negative one
	// that is refused is an error.
	Nice int
}

const (
	// DefaultOpenFiles is the soft limit of descriptors that the kernel gives its
	// first process (INIT_RLIMITS) and systemd gives services: programs that use
	// select(2) break above it, others raise it themselves.
	DefaultOpenFiles = 1024
	// MinOpenFiles is what a shell and a dynamic linker need to get as far as the
	// command: the limit is in force at the gate already.
	MinOpenFiles = 32
)

// Start starts the shell that waits for Open. On an error nothing is left
// behind. It does not call CheckCommand.
//
// Signals that this process ignores are caught and dropped from then on, as
// ResetSignals does, since a child would inherit them as ignored. Descriptors of
// this process without FD_CLOEXEC would be inherited too: see CloseInherited.
func Start(s Spec) (*Gated, error) { return start(s) }

// Process returns the process. It is the caller's to close, and stays the same
// after Open. After Abort it is closed.
func (g *Gated) Process() *Process { return g.process }

// Open lets the command run. It returns an error if the shell is gone; the
// process must be reaped in either case.
func (g *Gated) Open() error { return g.open() }

// Abort makes sure that the command does not run, reaps the shell and closes the
// Process. After Open it returns an error and does nothing.
func (g *Gated) Abort() error { return g.abort() }

// Left reports whether a process that came from Start has executed its command:
// false while it is at the gate, and for good if the command could not be
// executed. It also knows for a process that has ended, until that is reaped; of
// one that cannot be looked at it assumes that it has left.
func Left(pid int) bool { return left(pid) }
