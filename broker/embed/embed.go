package embed

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/daemonry/daemonry/internal/broker"
)

// Main makes this program a broker that Dial may start; in the copy that was
// started as one it runs the broker and exits. It sets DAEMONRY_EMBEDDED_BROKER
// in the environment, for children too.
func Main() {
	if len(os.Args) == 2 && os.Args[1] == "broker" && os.Getenv("DAEMONRY_INHERIT") == "1" {
		os.Exit(run())
	}
	if self, err := os.Executable(); err == nil {
		os.Setenv("DAEMONRY_EMBEDDED_BROKER", self)
	}
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := broker.Run(ctx, broker.Options{Version: version()}); err != nil {
		fmt.Fprintln(os.Stderr, "cannot run the broker:", err)
		return 1
	}
	return 0
}

// version is that of this module in the program's build; "": unknown.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/daemonry/daemonry" {
			return m.Version
		}
	}
	return ""
}
