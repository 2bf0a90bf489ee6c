// Package cacheprog reads and writes the messages of cmd/go's GOCACHEPROG
// protocol, as Go 1.26 documents it (`go doc cmd/go/internal/cacheprog`).
//
// cmd/go writes one JSON object per line; a put whose BodySize is not zero is
// followed by a line with the body as a JSON string in base64. Answers are JSON
// objects in any order. cmd/go also writes an empty line after each object.
//
// # Concurrency
//
// A Reader is for one goroutine. AppendResponse is a plain function.
//
// # Errors
//
// Every error of a Reader ends the stream: after it nothing more can be
// understood. io.EOF between two requests is cmd/go's end.
package cacheprog
