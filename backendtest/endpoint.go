package backendtest

import (
	"testing"

	"github.com/daemonry/daemonry/backend"
)

// Endpoint returns an endpoint for a backend that a test runs in its own process:
// nothing is bound there, nobody else gets the same one, in whatever process or
// parallel test, and it fits where a path of t.TempDir would be too long for a
// socket. What is left of it is removed when the test ends.
//
// The result is for backend.Bootstrap and backend.Listen; its String is what a
// client dials.
func Endpoint(t testing.TB) backend.Endpoint {
	t.Helper()
	e, err := backend.ParseEndpoint(place(t))
	if err != nil {
		t.Fatal(err)
	}
	return e
}
