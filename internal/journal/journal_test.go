package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRotatesWhatIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	for i := range 5 {
		f, offset, err := Open(path, 10, 2)
		if err != nil {
			t.Fatal(err)
		}
		if offset != 0 {
			t.Errorf("generation %d begins at %d, want 0: the file before was full", i, offset)
		}
		fmt.Fprintf(f, "generation %d\n", i)
		f.Close()
	}
	for name, want := range map[string]string{"": "4", ".1": "3", ".2": "2"} {
		data, err := os.ReadFile(path + name)
		if err != nil || string(data) != "generation "+want+"\n" {
			t.Errorf("x.log%s: %q, %v, want generation %s", name, data, err, want)
		}
	}
	if _, err := os.Stat(path + ".3"); err == nil {
		t.Error("a third old file is kept")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestTailIsOfOneGeneration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	write(t, path, "of the one before\n")
	info, _ := os.Stat(path)
	if got := Tail(path, info.Size(), 100); got != "" {
		t.Errorf("tail %q of a generation that printed nothing", got)
	}
	write(t, path, "first\nsecond\nthird\n")
	if got := Tail(path, info.Size(), 100); got != "first\nsecond\nthird\n" {
		t.Errorf("tail %q", got)
	}
	if got := Tail(path, info.Size(), 10); got != "third\n" {
		t.Errorf("tail %q, want whole lines only", got)
	}
	if got := Tail(path+".missing", 0, 10); got != "" {
		t.Errorf("tail %q of a missing file", got)
	}
}

func TestCopyBeginsWithTheLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	write(t, path+".1", "old\n")
	write(t, path, "a\nb\nc\n")
	for lines, want := range map[int]string{0: "old\na\nb\nc\n", 1: "c\n", 2: "b\nc\n", 9: "a\nb\nc\n"} {
		var got bytes.Buffer
		err := Copy(t.Context(), path, lines, false, func(b []byte) error { got.Write(b); return nil })
		if err != nil || got.String() != want {
			t.Errorf("last %d lines: %q, %v, want %q", lines, got.String(), err, want)
		}
	}
}

// Following goes on over a rotation and loses nothing.
func TestCopyFollowsOverARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	write(t, path, "one\n")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	data := make(chan string, 16)
	ended := make(chan error, 1)
	go func() {
		ended <- Copy(ctx, path, 1, true, func(b []byte) error { data <- string(b); return nil })
	}()
	expect := func(want string) {
		t.Helper()
		for got := ""; got != want; {
			select {
			case s := <-data:
				got += s
			case <-ctx.Done():
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	expect("one\n")
	write(t, path, "two\n")
	expect("two\n")
	f, _, err := Open(path, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "three")
	f.Close()
	expect("three\n")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestEventsAreKeptWithinTheirLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	e, err := OpenEvents(path)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	padding := strings.Repeat("x", 1<<16)
	const total = 3 * MaxEvents >> 16
	for i := range total {
		if err := e.Append(fmt.Appendf(nil, "%d %s", i, padding)); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) != 2 {
		t.Errorf("files %v, want the current and one older", files)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > MaxEvents+1<<17 {
			t.Errorf("%s has %d bytes, %v", file, info.Size(), err)
		}
	}
	lines, err := LastEvents(path, 100, func([]byte) bool { return true })
	if err != nil || len(lines) == 0 {
		t.Fatal(len(lines), err)
	}
	for i, line := range lines {
		want := fmt.Sprintf("%d ", total-len(lines)+i)
		if !strings.HasPrefix(string(line), want) {
			t.Fatalf("line %d begins %.10q, want %q", i, line, want)
		}
	}
}
