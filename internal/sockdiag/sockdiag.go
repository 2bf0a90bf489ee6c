package sockdiag

// Inode names the file that a unix socket was bound to, and so the listener and
// everything accepted from it. Get it from Of or OfPath.
type Inode struct {
	Dev uint64 // as in stat(2)
	Ino uint32 // the low 32 bits, which is all that the kernel tells
}

// Socket is a listening unix socket.
type Socket struct {
	// Own is the inode of the listening socket itself, which is what /proc/PID/fd
	// shows; the Inode it is found by is its file's.
	Own uint32
	// Pending is how many connections nobody has accepted, those included whose
	// client has gone.
	Pending uint32
	// Head is the inode of the oldest pending client's socket whose client is still
	// there; 0: there is none.
	Head uint64
	// Icons are the inodes of all pending clients' sockets, oldest first, 0 for
	// those that have gone. Empty also where the queue is longer than the kernel
	// can tell (some 8000).
	Icons []uint32
}

// Table is all listening unix sockets that were bound to a file.
type Table map[Inode]Socket

// Listeners returns all listening unix sockets of this network namespace.
func Listeners() (Table, error) { return listeners() }

// Connections counts, by the file of the listener, the sockets that were accepted
// and not closed by their server yet, whether their client is still there or not.
// What is pending is not among them.
func Connections() (map[Inode]uint32, error) { return connections() }

// Of returns the file that the unix socket was bound to, by asking the kernel in
// its own terms, also after the file was renamed or unlinked.
func Of(fd int) (Inode, error) { return of(fd) }

// OfPath returns the same for a path, without following a symbolic link. On file
// systems where stat(2) shows other devices than the kernel uses inside (btrfs,
// some overlays) it names no socket; Of does not have that flaw.
func OfPath(path string) (Inode, error) { return ofPath(path) }

// TCPPending returns how many connections wait at a listening TCP socket.
func TCPPending(fd int) (uint32, error) { return tcpPending(fd) }
