// Command daemonry keeps background daemons reachable; `daemonry help` says how.
package main

import (
	"os"

	"github.com/daemonry/daemonry/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
