package cli

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// told is what 35 s of waiting print; the status comes after 5 s.
func told(t *testing.T, live bool) (text string) {
	synctest.Test(t, func(*testing.T) {
		var out bytes.Buffer
		c := console{err: &out, live: live, width: 60, now: time.Now}
		w := c.wait("gocache")
		time.Sleep(5 * time.Second)
		w.Status("loading\x1b[2J the index, which has a very long description")
		time.Sleep(30 * time.Second)
		w.Close()
		w.Close()
		text = out.String()
	})
	return text
}

func TestWaitingElsewhere(t *testing.T) {
	want := []string{
		"daemonry: waiting for gocache (1.0s)",
		"daemonry: waiting for gocache (11s): loading?[2J the index, which has a very long description",
		"daemonry: waiting for gocache (21s): loading?[2J the index, which has a very long description",
		"daemonry: waiting for gocache (31s): loading?[2J the index, which has a very long description",
		"",
	}
	if got := told(t, false); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestWaitingOnTerminal(t *testing.T) {
	text := told(t, true)
	frames := strings.Split(text, "\r")
	if frames[1] != "waiting for gocache (0.3s)\x1b[K" {
		t.Errorf("first: %q", frames[1])
	}
	for _, f := range frames {
		if n := len([]rune(strings.TrimSuffix(f, "\x1b[K"))); n >= 60 {
			t.Errorf("%d columns would wrap: %q", n, f)
		}
	}
	says(t, frames[200], "waiting for gocache (20s): loading?[2J")
	if last := frames[len(frames)-1]; last != "\x1b[K" {
		t.Errorf("the line is left behind: %q", last)
	}
}

// A command that is done soon says nothing.
func TestWaitingSoonDone(t *testing.T) {
	for live, soon := range map[bool]time.Duration{true: 290 * time.Millisecond, false: 990 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			w := console{err: &out, live: live, width: 60, now: time.Now}.wait("x")
			time.Sleep(soon)
			w.Close()
			if out.Len() > 0 {
				t.Errorf("live %t: %q", live, &out)
			}
		})
	}
}
