//go:build linux

package process

import (
	"context"
	"time"
)

// patience is for what must happen; tests fail after it.
const patience = 20 * time.Second

// timeout returns a context that ends after patience. Its timer is left to run.
func timeout() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// moment returns a context for what must not happen: long enough for it to
// happen if it could.
func moment() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	context.AfterFunc(ctx, cancel)
	return ctx
}
