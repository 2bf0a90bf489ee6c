// Package store keeps the build cache: objects named by their SHA-256, an index
// of actions, and the rule by which the least recently used objects go.
//
// On disk, below the store's directory:
//
//	objects/ab/abcd…   one file for each output, mode 0444
//	index              what every action produced (see journal.go); append-only, each record with a checksum
//	view-*             the index for clients (package view); made anew by every daemon
//	spool/             bodies that helpers are writing, or wrote and were not answered about
//	lock               flock of the one process that serves the directory
//
// # What is checked, and when
//
// A damaged object is never served:
//
//   - A put is accepted once the body's size and SHA-256 were checked; the file
//     gets its name after that, and the index its record after that. Killing the
//     daemon between any two of these leaves a prefix of the operations.
//   - After a load nothing is trusted but the size. The first time an object is
//     asked for, its bytes are hashed again.
//   - After that, every serve compares the file's size, modification time and
//     inode with those of the verified file (one lstat), and hashes again if any
//     of them differs.
//
// A write of the same length within the clock tick (4 ms on Linux) in which the
// hash was taken would go unseen; the files are read-only and the directory is
// the user's own. Nothing is flushed to the disk: after a power failure some
// objects are damaged, are found to be, and are built again.
//
// # Eviction
//
// The size limit is kept by condemning objects, least recently used first, then
// deleting them. An object that was used within the grace period is never
// condemned. A condemned object is no longer offered, but comes back to life if
// somebody asks for it; its file is deleted when every go command that might
// have been told of it has ended. Leases say so: a helper holds one for as long
// as its go command runs. If a helper vanished, or the daemon before this one
// was killed, deletions wait for the grace period. So the limit is kept among
// objects that nobody uses, and a store may be larger while they are in use.
//
// # Concurrency
//
// A Store may be used from several goroutines. Only one process at a time serves
// a directory: Open waits for the lock.
//
// # Errors
//
// Open fails if the directory cannot be used; a damaged index or object is never
// an error, it is a smaller cache. Put returns *object.DamagedError for a body
// that is not what the put says.
package store
