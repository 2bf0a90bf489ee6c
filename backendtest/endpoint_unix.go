//go:build unix

package backendtest

import (
	"os"
	"path/filepath"
	"testing"
)

// longestBase leaves room for the rest of the path in macOS's 104 bytes.
const longestBase = 70

func place(t testing.TB) string {
	t.Helper()
	base := os.TempDir()
	if len(base) > longestBase {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "dy") // mode 0700: ours alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "backend.sock")
}
