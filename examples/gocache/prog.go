package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/daemonry/daemonry/examples/gocache/internal/helper"
)

// prog is the helper of one go command. A terminal's Ctrl-C goes to the whole
// process group; the go command decides what becomes of the build, and the
// helper ends when its standard input does. (Signals are caught, not ignored: a
// broker that is started from here must not inherit that.)
func prog(stderr io.Writer) int {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := helper.Run(context.Background(), helper.Config{
		In:       os.Stdin,
		Out:      os.Stdout,
		Log:      stderr,
		Dial:     dial,
		Hopeless: hopeless,
	})
	if err != nil {
		fmt.Fprintln(stderr, "gocache:", err)
		return exitFailed
	}
	return exitDone
}
