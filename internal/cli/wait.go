package cli

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// When the waiting line shows. A command that is done sooner says nothing.
const (
	waitQuiet   = 300 * time.Millisecond // on a terminal
	waitRedraw  = 100 * time.Millisecond
	waitFirst   = time.Second // not on a terminal: the first line…
	waitBetween = 10 * time.Second
)

// waiting tells a person whom a command waits for, what that daemon says it is
// doing, and for how long: one line that changes on a terminal, few lines
// elsewhere. Close it before printing anything else.
type waiting struct {
	console
	name  string
	since time.Time
	quit  chan struct{}
	done  chan struct{}

	mu     sync.Mutex // guards status
	status string
}

// wait starts to tell about name.
func (c console) wait(name string) *waiting {
	w := &waiting{console: c, name: name, since: c.now(), quit: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

// Status sets what the daemon says it is doing; "" if it says nothing.
func (w *waiting) Status(status string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

// last is what Status was told last.
func (w *waiting) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Close stops telling and clears the line; further calls do nothing.
func (w *waiting) Close() {
	select {
	case <-w.done:
		return
	default:
	}
	close(w.quit)
	<-w.done
}

func (w *waiting) run() {
	defer close(w.done)
	first, between := waitFirst, waitBetween
	if w.live {
		first, between = waitQuiet, waitRedraw
	}
	next := time.NewTimer(first)
	defer next.Stop()
	for shown := false; ; shown = true {
		select {
		case <-w.quit:
			if shown && w.live {
				fmt.Fprint(w.err, "\r\x1b[K")
			}
			return
		case <-next.C:
			w.show()
			next.Reset(between)
		}
	}
}

func (w *waiting) show() {
	text := w.text()
	if w.live {
		fmt.Fprintf(w.err, "\r%s\x1b[K", shorten(text, w.width-1))
		return
	}
	fmt.Fprintf(w.err, "daemonry: %s\n", text)
}

// text is "waiting for gocache (3.2s): loading the index"; the time comes first
// so that a narrow terminal never cuts it.
func (w *waiting) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "waiting for %s (%s)", oneLine(w.name), elapsed(w.now().Sub(w.since)))
	if status := w.last(); status != "" {
		b.WriteString(": " + oneLine(status))
	}
	return b.String()
}

// elapsed is span in steps that a person can follow.
func elapsed(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1fs", d.Truncate(waitRedraw).Seconds())
	}
	return span(d)
}
