package daemonry

// A State is where one (service, version, instance) stands.
type State string

// The states.
const (
	StateIdle     State = "idle"     // bound, no process
	StateStarting State = "starting" // process, not ready
	StateReady    State = "ready"    // process, ready
	StateDraining State = "draining" // on its way out: takes no new work
	StateBackoff  State = "backoff"  // no process, the next start is scheduled
	StateFailed   State = "failed"   // past the restart intensity; endpoint closed until the cool-down ends
	StateDisabled State = "disabled" // by an operator; endpoint closed until enabled
)
