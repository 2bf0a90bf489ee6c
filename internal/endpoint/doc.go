// Package endpoint knows where a service is reached and what may be trusted
// there: it derives paths, verifies directories, makes listening sockets, asks
// the kernel who is on the other side, and connects.
//
// It does not know what a service is beyond its name, starts nothing and keeps
// no state. docs/PROTOCOL.md has the same rules for clients in other languages.
//
// # Concurrency
//
// Every function may be called from several goroutines and processes at once.
// RemoveStale and Rename change what others see: call them with the lock of the
// place held (TryLock). A Listener's methods may be called concurrently, except
// that nothing may use it while or after Close is called; Close may be called
// twice.
//
// # Errors
//
// Whatever concerns ownership fails closed with an *UnsafeError. A path that
// cannot be a socket's is a *TooLongError, an environment variable that is
// refused a *SettingError. ErrLocked and ErrInUse mean that somebody alive holds
// the thing. Everything else is the operating system's error with what was being
// done to which path; errors.Is finds ENOENT, ECONNREFUSED and the like in it.
package endpoint
