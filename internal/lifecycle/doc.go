// Package lifecycle is the life of one (service, version, instance) as a value:
// one method per event, each returning the actions that somebody else performs.
//
// A Machine has no clock but the times it is handed, starts no process, opens
// no socket and knows neither. So everything that is hard to get right about a
// supervisor (who may start now, what a late message means, when a crash loop
// ends) can be tested by writing events down, and everything that is hard to
// test (processes, sockets) has no decisions left in it. The package never
// waits and never fails: every pair of state and event has an outcome, and
// docs/LIFECYCLE.md, which a test keeps true, shows them all.
//
// The caller's side of the bargain:
//
//   - it performs the actions in their order, before the next event;
//   - it reports what came of them: every Spawn is answered by Spawned or
//     SpawnFailed, and every generation that was started by one Exited, when
//     nothing of it is left;
//   - it calls Tick when Deadline has come, and asks for Deadline again after
//     every event.
//
// A generation is the number of one start; it only grows. An event that names a
// generation the machine does not hold changes nothing, so a late word from the
// last start cannot fail the new one (dbus-broker learned this).
//
// # Concurrency
//
// A Machine is not safe for concurrent use; its owner serialises the events.
// It starts no goroutine and keeps no reference to what it is handed.
//
// # Errors
//
// No method returns an error. What went wrong with a daemon is a Failure, which
// travels in the actions and in View.
package lifecycle
