package daemonry

import "time"

// An Option changes what Dial, Resolve or DialBroker does. Later options
// override earlier ones; nil options are ignored.
type Option func(*options)

type options struct {
	wait       bool
	progress   func(Progress)
	definition *Service
	instance   string
	noStart    bool
}

// Progress says how waiting for a daemon is going.
type Progress struct {
	Name    string        // as it was asked for
	State   State         // "" until the broker has answered
	Status  string        // what the daemon says it is doing; may be empty
	Elapsed time.Duration // since Dial or Resolve was called
	// Generation is the number of the daemon being waited for; 0 if none was ever
	// started, or the broker has not answered.
	Generation uint64
}

// WaitReady makes Dial and Resolve return when the daemon says that it is warm,
// and not when it can merely be connected to. A start that fails meanwhile is an
// *Error with CodeStartFailed and what the daemon printed.
//
// Dial connects first and then waits: the connection sits in the backlog and is
// itself the demand that starts the daemon.
//
// While it waits, progress is called on every change and at least once a second,
// from the goroutine that called Dial or Resolve and never after they returned.
// It is not called if the daemon is ready at once. nil reports nothing.
func WaitReady(progress func(Progress)) Option {
	return func(o *options) { o.wait, o.progress = true, progress }
}

// Define brings the service's definition along, for a tool whose daemon needs no
// installed file. The broker uses it if it has none from the config directory,
// keeps it with its origin, and never lets an older Version replace a newer one.
//
// A definition with a Version makes Dial ask the broker first, as a name with a
// version does, so that a new build of a tool meets its own daemon; without one
// a warm Dial stays a single connect.
func Define(s Service) Option {
	return func(o *options) { o.definition = &s }
}

// Instance chooses the instance of a template, as the part of a name after the
// slash does. Naming two different instances is an error; "" chooses none.
func Instance(instance string) Option {
	return func(o *options) { o.instance = instance }
}

// NoStart starts no broker: where none runs, the error is CodeBrokerUnavailable.
// A broker that runs still starts the daemon.
func NoStart() Option {
	return func(o *options) { o.noStart = true }
}

// gather is only called where there are options: a plain Dial allocates none.
func gather(opts []Option) *options {
	o := new(options)
	for _, set := range opts {
		if set != nil {
			set(o)
		}
	}
	return o
}
