package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/server"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
)

// toolTimeout bounds stats and clean.
const toolTimeout = time.Minute

func stats(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("gocache stats", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print one JSON object")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return exitUsage
	}
	data, err := ask(wire.KindStats)
	if err == nil {
		err = printStats(stdout, data, *asJSON)
	}
	return report(stderr, "cannot get statistics", err)
}

func clean(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		fmt.Fprintf(stderr, "gocache clean: unexpected argument %q\n", args[0])
		return exitUsage
	}
	data, err := ask(wire.KindClean)
	var c store.Cleaned
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err == nil {
		fmt.Fprintf(stdout, "deleted %d objects, %s\n", c.Objects, store.FormatBytes(c.Bytes))
		if c.Kept > 0 {
			fmt.Fprintf(stdout, "%d more go when the go commands that use them have ended\n", c.Kept)
		}
	}
	return report(stderr, "cannot clean", err)
}

func report(stderr io.Writer, what string, err error) int {
	if err != nil {
		fmt.Fprintf(stderr, "gocache: %s: %v\n", what, err)
		return exitFailed
	}
	return exitDone
}

func printStats(w io.Writer, data []byte, asJSON bool) error {
	if asJSON {
		_, err := fmt.Fprintf(w, "%s\n", data)
		return err
	}
	var r server.Report
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	hitRate := ""
	if asked := r.Hits + r.Misses; asked > 0 {
		hitRate = fmt.Sprintf(" (%.1f %% hits)", 100*float64(r.Hits)/float64(asked))
	}
	_, err := fmt.Fprintf(w, `objects      %d
size         %s of %s
hits         %d
misses       %d%s
puts         %d
evictions    %d
damaged      %d
go commands  %d
uptime       %v (pid %d)
directory    %s
`, r.Objects, store.FormatBytes(r.Bytes), store.FormatBytes(r.Limit), r.Hits, r.Misses, hitRate, r.Puts,
		r.Evictions, r.Damaged, r.Connections, time.Duration(r.Uptime)*time.Second, r.PID, r.Dir)
	return err
}

// ask puts one question without an argument to the daemon.
func ask(kind wire.Kind) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return askOn(conn, kind)
}

func askOn(conn net.Conn, kind wire.Kind) ([]byte, error) {
	conn.SetDeadline(time.Now().Add(toolTimeout))
	b := wire.Hello{Version: wire.Version}.Append(nil)
	b = wire.Append(b, kind, 1)
	if _, err := conn.Write(b); err != nil {
		return nil, err
	}
	frames := wire.NewReader(bufio.NewReader(conn))
	f, err := frames.Read()
	if err != nil {
		return nil, err
	}
	if _, err := wire.ParseWelcome(f); err != nil {
		return nil, err
	}
	f, err = frames.Read()
	if err != nil {
		return nil, err
	}
	if f.Kind == wire.KindFailed {
		return nil, errors.New(string(f.Payload))
	}
	return f.Payload, nil
}
