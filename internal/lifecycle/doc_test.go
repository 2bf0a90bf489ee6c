package lifecycle

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	docBegin = "<!-- generated: go test ./internal/lifecycle -run TestDoc -update -->\n"
	docEnd   = "<!-- end of generated -->\n"
)

var update = flag.Bool("update", false, "write what is generated into docs/LIFECYCLE.md")

// docs/LIFECYCLE.md shows what the machine does, not what it once did.
func TestDoc(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "LIFECYCLE.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), docBegin)
	_, tail, ok2 := strings.Cut(rest, docEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has lost its marks %q and %q", path, docBegin, docEnd)
	}
	fresh := head + docBegin + "\n" + Table() + "\n" + docEnd + tail
	switch {
	case fresh == string(text):
	case *update:
		if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is not what the machine does; run\n\tgo test ./internal/lifecycle -run TestDoc -update\nand read the difference", path)
	}
}

// Every event type and verb that exists is explained in the document.
func TestDocNamesEverything(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "LIFECYCLE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range eventTypes() {
		if !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("the event %s is not explained", name)
		}
	}
	for v := Spawn; v <= Emit; v++ {
		if !strings.Contains(string(text), "| `"+v.String()+"` |") {
			t.Errorf("the verb %v is not explained", v)
		}
	}
}

func eventTypes() []string {
	return []string{
		EventSpawned, EventBound, EventReady, EventExited, EventBackoff, EventFailed, EventRecovered,
		EventStopping, EventStopped, EventDisabled, EventEnabled, EventSlowStart, EventStall, EventBusy,
		EventStartTimeout, EventBindFailed, EventIdleStop, EventUpgradeStarted, EventUpgraded, EventUpgradeFailed,
		EventAdopted, EventListenerLost, EventRestarted,
	}
}
