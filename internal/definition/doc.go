// Package definition reads service definitions: TOML files in the services
// directories, their drop-ins, and the JSON form that a client brings along.
//
// A definition is refused whole or accepted whole. A refusal names file, line
// and key, says what is allowed there, and suggests the nearest known key for
// a slip of the pen; all problems of a definition are told at once. Nothing is
// guessed and nothing unknown is skipped, for a key that is silently ignored is
// a limit that silently does not hold.
//
// Where definitions come from, first match wins whole:
//
//	<config>/services/NAME.toml
//	/usr/local/share/daemonry/services/NAME.toml
//	/usr/share/daemonry/services/NAME.toml
//
// Drop-ins are NAME.d/*.toml beside the file that won, then those in the config
// directory, each group in name order: tables merge key by key, everything
// else replaces. Files whose name starts with a dot are ignored, so that an
// editor's scratch files are never read.
//
// Definitions say what is executed, so files that somebody else could have
// written are refused: see Load.
//
// # Concurrency
//
// All functions may be called from any goroutine. Watch blocks and runs its
// callback on its own goroutine; it has no other goroutines left when it
// returns. The package has no state.
//
// # Errors
//
// Refusals are *Error, whose chain holds a *daemonry.Error with
// CodeInvalidDefinition. A name without a definition is a *daemonry.Error with
// CodeUnknownService that wraps fs.ErrNotExist.
package definition
