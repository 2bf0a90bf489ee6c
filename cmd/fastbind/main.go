// Command fastbind reports daemons whose endpoint would wait for their state. See
// docs/FASTBIND.md and package fastbind. It runs by itself,
//
//	fastbind ./...
//
// or, faster on a second run, as go vet's tool:
//
//	go vet -vettool=$(which fastbind) ./...
package main

import (
	"golang.org/x/tools/go/analysis/singlechecker"

	"github.com/daemonry/daemonry/fastbind"
)

func main() { singlechecker.Main(fastbind.Analyzer) }
