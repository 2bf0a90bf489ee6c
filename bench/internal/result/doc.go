// Package result holds what was measured: the raw values, which of them are to be
// compared, and on which machine it was. It is the form of the JSON file.
//
// # Concurrency
//
// Values are for one goroutine.
//
// # Errors
//
// Read refuses what is not such a file.
package result
