// Package object holds the nouns of the build cache: the two kinds of
// identifier that cmd/go uses, the entry that joins them, and the file that
// keeps an output's bytes.
//
// # Concurrency
//
// Everything here is a value or a plain function and may be used from several
// goroutines.
//
// # Errors
//
// File functions return errors of package os as they are; Verify returns a
// *DamagedError for a file whose bytes are not the ones that were stored.
package object
