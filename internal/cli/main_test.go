package cli

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/daemonry/daemonry/internal/endpoint"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// envPlay makes the test binary play a program: "daemonry" or "broker".
const envPlay = "DAEMONRY_CLI_TEST_PLAY"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "broker" && os.Getenv(envInherit) == "1" {
		playBroker()
		return
	}
	if os.Getenv(envPlay) == "daemonry" {
		os.Unsetenv(envPlay)
		os.Exit(Main(os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// noon is the present in golden files.
func noon() time.Time { return time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC) }

// stand is a place for one test: private directories, a fake broker on the
// control socket if serve was called, and what commands printed.
type stand struct {
	t        *testing.T
	dirs     endpoint.Dirs
	console  console
	out, err bytes.Buffer
}

func newStand(t *testing.T) *stand {
	t.Helper()
	root, err := os.MkdirTemp("/tmp", "dt") // short: sun_path
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(root) })
	s := &stand{t: t, dirs: endpoint.Dirs{
		Runtime: filepath.Join(root, "r"), Config: filepath.Join(root, "c"), State: filepath.Join(root, "s"),
	}}
	for name, value := range map[string]string{
		envRuntime: s.dirs.Runtime, envConfig: s.dirs.Config, envState: s.dirs.State,
		envDomain: "", envSwitch: "", envBroker: filepath.Join(root, "no-broker-here"),
	} {
		t.Setenv(name, value)
	}
	s.console = console{in: strings.NewReader(""), out: &s.out, err: &s.err, width: defaultWidth, now: noon}
	return s
}

// serve answers on the control socket until the test ends.
func (s *stand) serve(h daemonryv1connect.BrokerHandler) {
	s.t.Helper()
	for _, dir := range []string{s.dirs.Runtime, s.dirs.Private("")} {
		check(s.t, endpoint.EnsureDir(dir))
	}
	l, err := net.Listen("unix", s.dirs.Control())
	check(s.t, err)
	mux := http.NewServeMux()
	mux.Handle(daemonryv1connect.NewBrokerHandler(h))
	server := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with ErrServerClosed
	}()
	s.t.Cleanup(func() {
		server.Close()
		<-done
	})
}

// run runs a command line and returns its exit code; out and err begin anew.
func (s *stand) run(args ...string) int {
	s.t.Helper()
	s.out.Reset()
	s.err.Reset()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return run(ctx, s.console, args)
}

// want runs a command line and checks the exit code.
func (s *stand) want(code int, args ...string) {
	s.t.Helper()
	if got := s.run(args...); got != code {
		s.t.Fatalf("daemonry %s: exit code %d, want %d\nstdout: %s\nstderr: %s", strings.Join(args, " "), got, code, &s.out, &s.err)
	}
}

// says checks that text contains every one of parts.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing from:\n%s", part, text)
		}
	}
}

// golden compares text with testdata/NAME.golden.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		check(t, os.WriteFile(path, []byte(text), 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pipe returns a pipe whose ends are closed with the test.
func pipe(t *testing.T) (*io.PipeReader, *io.PipeWriter) {
	r, w := io.Pipe()
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}
