//go:build linux

package daemonry

import (
	"errors"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test binary be a broker and a client, so that these are
// processes of their own.
func TestMain(m *testing.M) {
	if os.Getenv("DAEMONRY_INHERIT") == "1" {
		os.Exit(beBroker())
	}
	if service := os.Getenv(clientVariable); service != "" {
		os.Exit(beClient(service))
	}
	goleak.VerifyTestMain(m)
}

// runtimeDir makes private directories, short enough for sockets, and points
// the environment at them.
func runtimeDir(tb testing.TB) string {
	tb.Helper()
	root, err := os.MkdirTemp("", "d")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(root) })
	for variable, name := range map[string]string{
		"DAEMONRY_RUNTIME_DIR": "run", "DAEMONRY_CONFIG_DIR": "config", "DAEMONRY_STATE_DIR": "state",
	} {
		dir := root + "/" + name
		if err := os.Mkdir(dir, 0o700); err != nil {
			tb.Fatal(err)
		}
		tb.Setenv(variable, dir)
	}
	for _, variable := range []string{"DAEMONRY", "DAEMONRY_DOMAIN", "DAEMONRY_BROKER"} {
		tb.Setenv(variable, "")
	}
	return root + "/run"
}

// wantError checks code and text of an error, and that it is an *Error.
func wantError(t *testing.T, err error, code Code, text string) *Error {
	t.Helper()
	e, ok := err.(*Error)
	switch {
	case !ok:
		t.Fatalf("error is %T %v, want an *Error with code %s", err, err, code)
	case e.Code != code:
		t.Errorf("code is %s, want %s (%v)", e.Code, code, err)
	case !strings.Contains(err.Error(), text):
		t.Errorf("error is %q, want %q in it", err, text)
	case !errors.Is(err, &Error{Code: code}):
		t.Errorf("errors.Is does not find code %s in %v", code, err)
	}
	return e
}

// wantNoLeak fails if more descriptors are open at the end than now.
func wantNoLeak(t *testing.T) {
	t.Helper()
	before := openFiles(t)
	t.Cleanup(func() {
		if after := openFiles(t); len(after) > len(before) {
			t.Errorf("descriptors leaked: %d before, %d after:\n%s", len(before), len(after), strings.Join(after, "\n"))
		}
	})
}

func openFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, entry := range entries {
		if to, err := os.Readlink("/dev/fd/" + entry.Name()); err == nil {
			open = append(open, entry.Name()+" "+to)
		}
	}
	return open
}
