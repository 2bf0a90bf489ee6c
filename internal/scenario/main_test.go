//go:build linux

package scenario

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/internal/cli"
)

// TestMain lets this one binary be the command line (and so the broker), the
// daemons and the clients of the stories.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"daemonry": func() { os.Exit(cli.Main(os.Args[1:])) },
		"plaind":   plainDaemon,
		"sdkd":     sdkDaemon,
		"client":   client,
		"stepsd":   backend.Main[steps],
		"failingd": backend.Main[failing],
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/script",
		Setup: func(e *testscript.Env) error {
			w := newWorld(t)
			e.Vars = append(e.Vars, w.env()...)
			e.Vars = append(e.Vars, "BIN="+w.bin)
			e.Values["world"] = w
			e.Defer(w.close)
			return nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"kill9": killCommand},
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}
