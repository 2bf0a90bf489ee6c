package broker

import (
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/internal/lifecycle"
)

// performLocked does what the machine decided. Whatever takes time is handed to
// a goroutine, which reports back with an event of its own.
func (u *unit) performLocked(a lifecycle.Action) {
	switch a.Do {
	case lifecycle.Spawn:
		u.beginStartLocked(a.Generation)
	case lifecycle.Arm:
		u.armLocked()
	case lifecycle.Disarm:
		u.disarmLocked()
	case lifecycle.Terminate:
		u.terminateLocked(a.Generation)
	case lifecycle.Kill:
		u.signalLocked(a.Generation, syscall.SIGKILL)
	case lifecycle.Publish:
		u.republishLocked()
	case lifecycle.Withdraw:
		u.withdrawLocked()
	case lifecycle.Emit:
		u.emitLocked(a.Event)
	case lifecycle.Evidence:
		u.questionLocked(a.Generation)
	case lifecycle.Thaw:
		u.thawLocked(a.Generation)
	case lifecycle.Freeze: // never asked: see stopIdle
	}
}

func (u *unit) emitLocked(e lifecycle.Event) {
	u.completeFailureLocked(e)
	switch e.Type {
	case "failed", "exited", "backoff", "upgrade_failed", "slow_start", "stall", "bind_failed", "start_timeout":
		u.b.log.Warn(e.Type, "service", u.name.String(), "generation", e.Generation, "cause", e.Cause)
	default:
		u.b.log.Info(e.Type, "service", u.name.String(), "generation", e.Generation, "cause", e.Cause)
	}
	u.b.hub.send(u.eventMessageLocked(e))
}

// stopSignalLocked is what asks the daemon to end.
func (u *unit) stopSignalLocked() syscall.Signal {
	if sig, ok := signalByName(u.def.Service.Process.StopSignal); ok {
		return sig
	}
	return syscall.SIGTERM
}

// signalLocked signals a generation's whole process group. The identity is
// verified by internal/process. What is still at the gate is aborted there.
func (u *unit) signalLocked(generation uint64, sig syscall.Signal) {
	p := u.procs[generation]
	if p == nil {
		u.doomed = generation
		return
	}
	if err := p.process.SignalGroup(sig); err != nil {
		u.b.log.Warn("cannot signal", "service", u.name.String(), "generation", generation, "signal", sig, "error", err)
	}
}

// failureError is a machine's failure in the words of the control interface.
func (u *unit) failureErrorLocked(op string, f *lifecycle.Failure) *daemonry.Error {
	if f == nil {
		return nil
	}
	e := &daemonry.Error{
		Code: f.Code, Kind: f.Kind, Op: op, Service: u.name.String(),
		Message: f.Message, Output: f.Output,
	}
	if at := u.machine.View().NextAttempt; !at.IsZero() {
		e.RetryAfter = max(0, time.Until(at))
	}
	return e
}
