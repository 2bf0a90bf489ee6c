package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/backend"
	"github.com/daemonry/daemonry/examples/gocache/internal/server"
	"github.com/daemonry/daemonry/examples/gocache/internal/store"
)

// gocached is the daemon.
type gocached struct{}

// Bind makes the endpoint where Daemonry does not.
func (gocached) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

// Serve loads the store beside the accept loop: go commands that come meanwhile
// get their directory at once, and their answers when it is loaded.
func (gocached) Serve(ctx context.Context, l net.Listener) error {
	options, err := parseDaemon(os.Args[2:], os.Stderr)
	if err != nil {
		return err
	}
	loaded := backend.Load(ctx, func(ctx context.Context) (*store.Store, error) { return load(ctx, options) })
	s := &server.Server{
		Dir: options.dir, Version: version(), Store: loaded,
		Ended: func(stats store.Stats) { backend.Status(ctx, stats.String()) },
	}
	err = backend.ServeConns(ctx, l, func(work context.Context, c net.Conn) error {
		return s.Serve(ctx, work, c)
	})
	if st, ok := loaded.TryGet(); ok {
		if closeErr := st.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

func load(ctx context.Context, o daemonOptions) (*store.Store, error) {
	st, err := store.Open(ctx, store.Config{
		Dir:      o.dir,
		Limit:    int64(o.limit),
		Grace:    o.grace,
		Progress: func(message string) { backend.Status(ctx, message) },
	})
	if err != nil {
		return nil, err
	}
	backend.Status(ctx, st.Stats().String())
	return st, nil
}

// daemonOptions are the arguments of `gocache daemon`.
type daemonOptions struct {
	dir   string
	limit daemonry.Size
	grace time.Duration
}

func parseDaemon(args []string, stderr io.Writer) (daemonOptions, error) {
	o := daemonOptions{limit: store.DefaultLimit}
	flags := flag.NewFlagSet("gocache daemon", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "dir", "", "where the store is (default: gocache in the user's cache directory)")
	flags.TextVar(&o.limit, "limit", o.limit, "size of the store, as in 10GiB; the least recently used objects go first")
	flags.DurationVar(&o.grace, "grace", store.DefaultGrace, "how long an object stays after its last use, whatever the limit")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	err := o.check(flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "gocache daemon:", err)
	}
	return o, err
}

func (o *daemonOptions) check(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if o.limit <= 0 || o.grace <= 0 {
		return fmt.Errorf("--limit and --grace must be more than zero")
	}
	if o.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("--dir is needed: %w", err)
		}
		o.dir = filepath.Join(cache, "gocache")
	}
	if !filepath.IsAbs(o.dir) {
		return fmt.Errorf("--dir %s is not absolute", o.dir)
	}
	o.dir = filepath.Clean(o.dir)
	return nil
}
