package cli

import (
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// defaultWidth is the width of output that goes to no terminal, in columns.
const defaultWidth = 80

// console is where a command reads and writes, and how.
type console struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	// width is the columns of out; 0: no limit.
	width int
	// screen says that out is a terminal, live that err is one.
	screen, live bool
	// colour allows colour on out.
	colour bool
	now    func() time.Time
}

func systemConsole() console {
	c := console{in: os.Stdin, out: os.Stdout, err: os.Stderr, width: defaultWidth, now: time.Now}
	c.screen = isTerminal(os.Stdout)
	c.live = isTerminal(os.Stderr)
	c.colour = c.screen && os.Getenv("NO_COLOR") == ""
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && w > 0 {
		c.width = w
	}
	return c
}

// isTerminal reports whether f is a terminal that understands "\r" and "erase
// to the end of the line".
func isTerminal(f *os.File) bool {
	return term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// room is what used columns leave of a line of out; 0 where there is no limit.
func (c console) room(used int) int {
	if c.width <= 0 {
		return 0
	}
	return max(c.width-used, 20) // narrower is unreadable either way
}
