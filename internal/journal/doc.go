// Package journal keeps what daemons print: one log file for each daemon,
// opened for append and handed to the process itself, so that no pipe of the
// broker's stands between a daemon and its log (a daemon must not die of EPIPE
// when the broker does).
//
// A log is rotated by renaming when a generation starts: x.log becomes x.log.1
// and so on, up to the number kept.
//
// # Concurrency
//
// All functions may be called from several goroutines; one File is opened,
// rotated and named by one caller at a time.
//
// # Errors
//
// Errors are those of package os, wrapped with what was being done.
package journal
