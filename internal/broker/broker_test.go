package broker

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	daemonryv1 "github.com/daemonry/daemonry/proto/daemonry/v1"
	"github.com/daemonry/daemonry/proto/daemonry/v1/daemonryv1connect"
)

// The stories with real clients and daemons are in internal/scenario; here the
// broker runs inside the test process, so that what it leaves can be counted.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRunLeavesNothing: a broker that has started, stopped and lost daemons
// leaves no goroutine (TestMain), descriptor or file behind.
func TestRunLeavesNothing(t *testing.T) {
	root, err := os.MkdirTemp("", "dmb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	for name, dir := range map[string]string{"RUNTIME": "run", "CONFIG": "config", "STATE": "state"} {
		t.Setenv("DAEMONRY_"+name+"_DIR", filepath.Join(root, dir))
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir(home) })
	lifeOfABroker(t, root) // the first makes Go's poller and the like
	before := openDescriptors(t)
	lifeOfABroker(t, root)
	if after := openDescriptors(t); len(after) > len(before) {
		t.Errorf("descriptors after: %v\nbefore: %v", after, before)
	}
	left, err := filepath.Glob(filepath.Join(root, "run", "*.sock"))
	if err != nil || len(left) > 0 {
		t.Errorf("endpoints left: %v %v", left, err)
	}
}

func openDescriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		open = append(open, e.Name()+" "+target)
	}
	return open
}

func lifeOfABroker(t *testing.T, root string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, Options{Foreground: true, Log: io.Discard}) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialWhenUp(ctx, filepath.Join(root, "run", "broker.d", "control.sock"))
	}}
	client := daemonryv1connect.NewBrokerClient(&http.Client{Transport: transport}, "http://daemonry")
	for name, toml := range map[string]string{
		"sleeper": `command = ["/bin/sleep", "600"]`,
		"broken":  "command = [\"/bin/false\"]\n[restart]\nburst = 1\nbackoff_min = \"1ms\"",
	} {
		request := &daemonryv1.ApplyRequest{Name: name, Toml: toml, Replace: true}
		if _, err := client.Apply(ctx, connect.NewRequest(request)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Start(ctx, connect.NewRequest(&daemonryv1.StartRequest{Name: "sleeper"})); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Restart(ctx, connect.NewRequest(&daemonryv1.RestartRequest{Name: "sleeper"})); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Start(ctx, connect.NewRequest(&daemonryv1.StartRequest{Name: "broken", WaitReady: true})); err == nil {
		t.Error("/bin/false became ready")
	}
	answer, err := client.Shutdown(ctx, connect.NewRequest(&daemonryv1.ShutdownRequest{All: true}))
	if err != nil || answer.Msg.Stopped != 1 {
		t.Errorf("shutdown: %v, %v daemons stopped, want 1", err, answer)
	}
	transport.CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// dialWhenUp connects as soon as the broker has bound its control socket.
func dialWhenUp(ctx context.Context, path string) (net.Conn, error) {
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		<-time.After(5 * time.Millisecond)
	}
}
