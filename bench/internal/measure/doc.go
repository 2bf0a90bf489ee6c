// Package measure has the measures, one file each: what is compared with what, and
// how a single value comes about.
//
// Every measure has sides. Each round measures every side once, in an order drawn
// anew, so that what else happens on the machine hits all alike.
//
// # Concurrency
//
// Run is for one goroutine: measures change this process's environment.
//
// # Errors
//
// A measure that cannot be carried out is an error; a peer that is not installed is
// a line in the result's Missing.
//
// Linux only; elsewhere Run returns an error that wraps errors.ErrUnsupported.
package measure
