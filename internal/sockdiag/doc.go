// Package sockdiag asks the kernel how many connections wait at listeners, how
// many were accepted, and which is the oldest that waits. It takes none of them
// and needs no co-operation of the daemon.
//
// Unix sockets are asked about by NETLINK_SOCK_DIAG (see sock_diag(7)), all of the
// network namespace in one dump. They are told apart by the file that they were
// bound to, which stays the same when it is renamed or unlinked, unlike the path
// in /proc/net/unix. An accepted socket has the file of its listener.
//
// # Concurrency
//
// All functions may be called from several goroutines; nothing is kept between
// calls. A dump is not a snapshot: what changes while it is taken may be seen
// before or after.
//
// # Errors
//
// Errors wrap the system's, ENOENT from a kernel without unix_diag among them. On
// other systems than Linux all errors wrap errors.ErrUnsupported.
package sockdiag
