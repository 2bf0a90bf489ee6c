// Package notify speaks the notification protocol of systemd: datagrams of
// KEY=VALUE lines, sent by a daemon to the socket that NOTIFY_SOCKET names. The
// broker listens with Listen, daemons tell it things with Send.
//
// The keys are those of sd_notify(3) that Daemonry answers, and four of its own
// that begin with X_DAEMONRY_ and that other receivers ignore, as the protocol
// asks. Daemonry's limits are systemd's: a message has at most 4096 bytes.
//
// # Concurrency
//
// Send may be called from anywhere. A Socket has one reader at a time; Close may
// be called beside it and makes Receive return net.ErrClosed.
//
// # Errors
//
// What a stranger sends, or what cannot be understood, is never an error of
// Receive: it is dropped and counted. Parse says what is wrong with a message.
// Where a system has no such sockets the errors wrap errors.ErrUnsupported.
package notify
