package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/broker/embed"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

const help = `gocache is a build cache for the Go toolchain, shared by all go commands.

	go env -w GOCACHEPROG=%s

Usage:

	gocache prog            answer a go command (what GOCACHEPROG runs; the default
	                        when standard input is a pipe)
	gocache stats [--json]  what the cache holds and how it was used
	gocache clean           delete everything
	gocache daemon [--dir DIR] [--limit 10GiB] [--grace 1h]
	                        serve (what Daemonry runs)
	gocache version
	gocache help
`

func main() {
	embed.Main() // where Daemonry is not installed, this program is the broker, too
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	command, args := commandOf(args)
	switch command {
	case "prog":
		return prog(stderr)
	case "stats":
		return stats(args, stdout, stderr)
	case "clean":
		return clean(args, stdout, stderr)
	case "daemon":
		if _, err := parseDaemon(args, stderr); err != nil {
			return exitUsage
		}
		backend.Main[gocached]() // never returns
	case "version", "--version":
		fmt.Fprintln(stdout, "gocache", version())
		return exitDone
	case "help", "--help", "-h":
		fmt.Fprintf(stdout, help, executable())
		return exitDone
	}
	fmt.Fprintf(stderr, "gocache: there is no command %q\n\n", command)
	fmt.Fprintf(stderr, help, executable())
	return exitUsage
}

// commandOf is the first argument. Without one, a pipe on standard input is a go
// command, and anything else a person.
func commandOf(args []string) (string, []string) {
	if len(args) > 0 {
		return args[0], args[1:]
	}
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return "prog", nil
	}
	return "help", nil
}

func executable() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// version is the module's, or the commit that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return "devel " + setting.Value[:min(len(setting.Value), 12)]
		}
	}
	return info.Main.Version
}
