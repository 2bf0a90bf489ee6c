// Package report turns what was measured into something to read: a few lines for a
// terminal, and a page of Markdown with plots as SVG files beside it.
//
// # Concurrency
//
// Functions are for one goroutine.
//
// # Errors
//
// Those of writing files.
package report
