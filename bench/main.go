// Command bench measures Daemonry beside what it is compared with, in one run:
//
//	go run ./bench                                  # all of it, some minutes
//	go run ./bench -quick                           # that it works, some seconds; says nothing about speed
//	go run ./bench -only warm,cold -runs 3
//	go run ./bench -json raw.json -report docs/PERFORMANCE.md
//	go run ./bench -from raw.json -report docs/PERFORMANCE.md
//
// Sides that are compared are measured in turn, value by value, so that a busy
// machine hits both. Read the quotients, look at their spread, never the times alone.
// It needs the go command, works in private temporary directories with brokers of its
// own, and leaves nothing running. No time makes it fail.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/daemonry/daemonry/bench/internal/measure"
	"github.com/daemonry/daemonry/bench/internal/report"
	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/internal/process"
)

// notes are what people wrote about the numbers; they end the report.
//
//go:embed notes.md
var notes string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are the command line.
type settings struct {
	measure.Options
	runs               int
	json, report, from string
}

func parse(args []string) (settings, error) {
	var s settings
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&s.Quick, "quick", false, "a few rounds of everything: that it works, not how fast")
	flags.StringVar(&only, "only", "", "measure only these, with commas: "+strings.Join(measure.Names(), ","))
	flags.IntVar(&s.runs, "runs", 1, "how often to run everything")
	flags.StringVar(&s.json, "json", "", "write the raw values to this file")
	flags.StringVar(&s.report, "report", "", "write the report to this file (Markdown), its plots into a directory beside it")
	flags.StringVar(&s.from, "from", "", "measure nothing, report what these files hold, with commas: the runs of all of them")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 || s.runs < 1 {
		return s, fmt.Errorf("unexpected %q", flags.Args())
	}
	if only != "" {
		s.Only = strings.Split(only, ",")
	}
	for _, name := range s.Only {
		if !slices.Contains(measure.Names(), name) {
			return s, fmt.Errorf("there is no measure %q; there are %s", name, strings.Join(measure.Names(), ", "))
		}
	}
	return s, nil
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	file, err := s.values(ctx)
	if s.json != "" && len(file.Runs) > 0 { // also what an error cut short
		err = errors.Join(err, file.Write(s.json))
	}
	if err != nil {
		return err
	}
	if s.report != "" {
		return report.Write(file, notes, s.report)
	}
	return nil
}

// values measures, or reads what was measured before.
func (s settings) values(ctx context.Context) (*result.File, error) {
	if s.from != "" {
		return read(strings.Split(s.from, ","))
	}
	// What a shell leaves open would give our children, but not the broker's, a
	// large descriptor table to begin with.
	if err := process.CloseInherited(); err != nil {
		return &result.File{}, err
	}
	file := &result.File{Machine: result.ThisMachine()}
	s.Log = func(line string) { fmt.Fprintln(os.Stderr, "bench:", line) }
	s.Done = func(m result.Measure) { fmt.Print(report.Text(m)) }
	for range s.runs {
		r, err := measure.Run(ctx, s.Options)
		file.Runs = append(file.Runs, r)
		if err != nil {
			return file, err
		}
	}
	return file, nil
}

// read puts the runs of several files together.
func read(paths []string) (*result.File, error) {
	all := &result.File{}
	for _, path := range paths {
		f, err := result.Read(path)
		if err != nil {
			return all, err
		}
		all.Machine = f.Machine
		all.Runs = append(all.Runs, f.Runs...)
	}
	return all, nil
}
