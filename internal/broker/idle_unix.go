//go:build unix

package broker

import "syscall"

// What freezes a process, and what lets it run again.
const (
	signalFreeze = syscall.SIGSTOP
	signalThaw   = syscall.SIGCONT
)
