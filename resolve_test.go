//go:build linux

package daemonry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
)

func TestResolve(t *testing.T) {
	wantNoLeak(t)
	since := time.Date(2026, 11, 23, 1, 2, 3, 456789000, time.UTC)
	const big = 1<<63 + 12345 // no float64 has it
	s := script(t, always(&daemonryv1.ResolveResponse{
		Service: "x", Version: "1.2", Instance: "a/b", Network: "unix", Address: "/run/x.sock",
		State: "starting", Ready: true, Generation: big, Revision: big + 1, Status: "loading 3 %\n\"…\"", Since: timestamppb.New(since),
	}))
	got, err := Resolve(t.Context(), "x@1.2/a/b")
	if err != nil {
		t.Fatal(err)
	}
	want := &Resolution{
		Name: Name{"x", "1.2", "a/b"}, Network: "unix", Address: "/run/x.sock", State: StateStarting, Ready: true,
		Generation: big, Revision: big + 1, Status: "loading 3 %\n\"…\"", Since: since,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if text := got.String(); text != "x@1.2/a/b is starting on unix /run/x.sock" {
		t.Errorf("it prints %q", text)
	}
	if asked := s.questions(); len(asked) != 1 || asked[0].Name != "x@1.2/a/b" || asked[0].WaitReady || asked[0].Definition != nil {
		t.Errorf("asked %v", asked)
	}
}

func TestResolveEmptyAnswer(t *testing.T) {
	script(t, always(&daemonryv1.ResolveResponse{Service: "x", Network: "unix", Address: "/x", State: "idle"}))
	got, err := Resolve(t.Context(), "x")
	if err != nil || !got.Since.IsZero() || got.Generation != 0 || got.State != StateIdle {
		t.Errorf("answer is %+v, %v", got, err)
	}
}

func TestResolveCarriesDefinition(t *testing.T) {
	s := script(t, always(&daemonryv1.ResolveResponse{Network: "unix", Address: "/x"}))
	def := Service{
		Command: []string{"/bin/x", "{state_dir}"}, Template: true, Limits: Limits{Idle: Duration(90 * time.Second), MaxMemory: 512 << 20},
		Process: Process{Env: map[string]string{"A": "1"}},
	}
	if _, err := Resolve(t.Context(), "x", Define(def), Instance("i")); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"command": []any{"/bin/x", "{state_dir}"}, "template": true,
		"limits":  map[string]any{"idle": "1m30s", "max_memory": "512MiB"},
		"process": map[string]any{"env": map[string]any{"A": "1"}},
	}
	asked := s.questions()[0]
	if diff := cmp.Diff(want, asked.Definition.AsMap()); diff != "" {
		t.Errorf("definition (-want +got):\n%s", diff)
	}
	if asked.Name != "x/i" {
		t.Errorf("name is %q", asked.Name)
	}
}

func TestResolveErrors(t *testing.T) {
	wantNoLeak(t)
	full := &daemonryv1.Error{
		Code: "start_failed", Kind: "io", Op: "start", Service: "x", Message: "exited with status 1",
		Output: "loading\npanic: no\n", RetryAfter: durationpb.New(1500 * time.Millisecond),
	}
	script(t, always(&daemonryv1.ResolveResponse{Service: "x", Error: full}))
	_, err := Resolve(t.Context(), "x")
	e := wantError(t, err, CodeStartFailed, "cannot start x: exited with status 1 (last output: panic: no)")
	want := &Error{
		Code: CodeStartFailed, Kind: "io", Op: "start", Service: "x", Message: "exited with status 1",
		Output: "loading\npanic: no\n", RetryAfter: 1500 * time.Millisecond,
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestResolveErrorSaysWhatWasAsked(t *testing.T) {
	script(t, always(&daemonryv1.ResolveResponse{Error: &daemonryv1.Error{Code: "a_code_of_the_future", Message: "because"}}))
	_, err := Dial(t.Context(), "x@2")
	wantError(t, err, "a_code_of_the_future", "cannot dial x@2: because")
}

// TestResolveFromStrangers has things on the control socket that are no broker.
func TestResolveFromStrangers(t *testing.T) {
	wantNoLeak(t)
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); io.WriteString(w, body) }
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"another server": {status(404, "<h1>Not found</h1>"), "the broker answers 404 Not Found"},
		"refusal":        {status(503, `{"code":"unavailable","message":"try later"}`), "the broker answers unavailable: try later"},
		"no JSON":        {status(200, "hello"), "cannot understand the broker's answer"},
		"wrong types":    {status(200, `{"address":1}`), "cannot understand the broker's answer"},
		"bad number":     {status(200, `{"generation":"x"}`), "cannot understand the broker's answer"},
		"empty object":   {status(200, `{}`), "the broker's answer has no address"},
		"endless":        {status(200, `{"status":"`+strings.Repeat("x", answerLimit)+`"}`), "cannot understand the broker's answer"},
		"unknown network": {
			status(200, `{"network":"pipe","address":"x"}`), "cannot dial x over pipe: unsupported operation",
		},
		"an address outside": {status(200, `{"network":"tcp","address":"192.0.2.1:80"}`), "not a loopback address"},
	} {
		t.Run(name, func(t *testing.T) {
			serveControl(t, tt.handler)
			_, err := Dial(within(t, 5*time.Second), "x")
			if code := CodeOf(err); code != CodeBrokerUnavailable && code != CodeUnsafeEndpoint || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %s %v, want %q", code, err, tt.want)
			}
		})
	}
}

func TestResolveNotHTTP(t *testing.T) {
	wantNoLeak(t)
	control(t, func(conn net.Conn) {
		io.ReadFull(conn, make([]byte, 4))
		io.WriteString(conn, "220 mail.example ESMTP\r\n\r\n")
	})
	_, err := Resolve(within(t, 5*time.Second), "x")
	wantError(t, err, CodeBrokerUnavailable, "cannot resolve x: cannot read the broker's answer")
}

// TestResolveRPCError is a failed call, as a broker makes that is shutting down.
func TestResolveRPCError(t *testing.T) {
	script(t, func(context.Context, int, *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("on its way out"))
	})
	_, err := Resolve(t.Context(), "x")
	wantError(t, err, CodeBrokerUnavailable, "the broker answers unavailable: on its way out")
}

func TestResolveInterrupted(t *testing.T) {
	wantNoLeak(t)
	asked, gone := make(chan struct{}), make(chan struct{})
	script(t, func(ctx context.Context, _ int, _ *daemonryv1.ResolveRequest) (*daemonryv1.ResolveResponse, error) {
		close(asked)
		<-ctx.Done() // the broker learns that nobody waits any more
		close(gone)
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := Resolve(ctx, "x")
	wantError(t, err, CodeTimeout, "it was cancelled while waiting for the broker's answer")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap context.Canceled", err)
	}
	<-gone
}
