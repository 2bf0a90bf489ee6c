// Package compilefail proves that the compiler refuses backends that could hold
// state: promise P2 of the design, clause O2 of the original contract.
//
// It has no code but its test, which gives the programs in testdata to the real
// compiler: program NAME.go must not compile, and what the compiler says must be what
// NAME.golden has. Programs whose golden file is empty must compile: they show
// that the others fail for the reason they should.
//
// What the compiler cannot refuse, analyzer fastbind reports.
//
// # Concurrency
//
// Nothing here runs outside its test.
//
// # Errors
//
// None.
package compilefail
