package process

// Descriptor returns the number under which the process has the socket with this
// inode open. The error wraps fs.ErrNotExist if it has not, and fs.ErrPermission if
// its descriptors may not be looked at (another user's process, a non-dumpable
// one).
func Descriptor(pid int, socket uint32) (fd int, err error) { return descriptor(pid, socket) }

// SocketHolders returns the pids of the processes that have the socket with this
// inode open, in increasing order. As with Holders, those that may not be looked
// at are left out.
func SocketHolders(socket uint32) ([]int, error) { return socketHolders(socket) }

// Sockets returns the numbers of all descriptors of the process that are sockets.
// Errors are as of Descriptor.
func Sockets(pid int) (fds []int, err error) { return sockets(pid) }

// Session returns the pids of the processes of a session, in increasing order.
// The leader may have ended; whoever began a session of its own has left.
func Session(leader int) ([]int, error) { return session(leader) }

// A Program is the file that a process executes. It is for display, and for
// noticing that a program was rebuilt: an interpreter for scripts, the gate's
// shell before the command is executed, and nobody's identity.
type Program struct {
	Path string `json:"path"` // as the kernel tells it; ends in " (deleted)" if it has no name any more
	Dev  uint64 `json:"dev"`  // as in stat(2)
	Ino  uint64 `json:"ino"`
}

// Executable returns what the process executes now.
func Executable(pid int) (Program, error) { return executable(pid) }

// At returns the file that is at path now, as a Program.
func At(path string) (Program, error) { return programAt(path) }

// Same reports whether two are one file, whatever its name.
func (p Program) Same(q Program) bool { return p.Dev == q.Dev && p.Ino == q.Ino }
