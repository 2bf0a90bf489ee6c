package backendtest

import (
	"crypto/rand"
	"testing"
)

// place is a random name in the one directory that pipes have: there is nothing
// to clean up.
func place(testing.TB) string { return `\\.\pipe\daemonry-test-` + rand.Text() }
