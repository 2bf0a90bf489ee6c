// Package good keeps the contract; nothing is to be reported in it.
package good

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/daemonry/daemonry/backend"
)

// As good as constants.
var (
	errPath                   = errors.New("path too long")
	pattern                   = regexp.MustCompile(`\.sock$`)
	limit                     = len("sun_path")
	suffixes                  = []string{".sock", ".socket"}
	widths                    = map[string]int{"linux": 108, "darwin": 104}
	defaults                  = struct{ backlog int }{4096}
	order    binary.ByteOrder = binary.LittleEndian
	home                      = os.Getenv("HOME")
	check                     = func(s string) bool { return len(s) < limit }
)

// Known to the rest of the program, but not to Bind.
var (
	mu    sync.Mutex
	cache = map[string]string{}
)

func init() { cache["x"] = "y" }

type hello struct{}

func (hello) Bind(e backend.Endpoint) (net.Listener, error) {
	if err := validate(e.String()); err != nil {
		return nil, fmt.Errorf("cannot bind %v: %w", e, err)
	}
	l, err := backend.Listen(e)
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if l.Addr().Network() != "unix" {
		return nil, errors.Join(errPath, l.Close())
	}
	return &counted{Listener: l, accepted: func() { mu.Lock() }}, nil
}

// counted is what Bind may return: what it does when it accepts is not Bind's time.
type counted struct {
	net.Listener
	accepted func()
}

func (c *counted) Accept() (net.Conn, error) { c.accepted(); return c.Listener.Accept() }

func validate(path string) error {
	for _, s := range suffixes {
		if strings.HasSuffix(path, s) && pattern.MatchString(path) && check(path) {
			return nil
		}
	}
	if len(path) > widths["linux"] || slices.Contains(suffixes, path) || defaults.backlog == 0 || home == "" {
		return errPath
	}
	if order.Uint16([]byte(path)) == 0 || slices.IndexFunc(suffixes, func(s string) bool { return s == path }) > 0 {
		return errPath
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q", path)
	return nil
}

func (hello) Serve(ctx context.Context, l net.Listener) error {
	mu.Lock()
	defer mu.Unlock()
	data, err := os.ReadFile("state")
	cache["data"] = string(data)
	<-ctx.Done()
	return errors.Join(err, l.Close())
}

func main() { backend.Main[hello]() }
