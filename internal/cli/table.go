package cli

import (
	"strings"
	"unicode/utf8"
)

// The styles of a cell, as SGR parameters; none has no colour.
const (
	styleNone  = ""
	styleFaint = "2"
	styleGood  = "32"
	styleWarn  = "33"
	styleBad   = "31"
	styleBold  = "1"
)

// gap separates columns.
const gap = "  "

// column is a heading. Columns are as wide as their cells, but the last of a
// table takes no more than what is left of the line.
type column struct {
	title string
	right bool
}

type cell struct{ text, style string }

// table renders rows under their headings in at most width columns (0: no
// limit), without trailing spaces.
func (c console) table(columns []column, rows [][]cell) string {
	widths := c.widths(columns, rows)
	heading := make([]cell, len(columns))
	for i, col := range columns {
		heading[i] = cell{col.title, styleBold}
	}
	var b strings.Builder
	for _, row := range append([][]cell{heading}, rows...) {
		b.WriteString(c.line(columns, widths, row))
	}
	return b.String()
}

func (c console) widths(columns []column, rows [][]cell) []int {
	widths := make([]int, len(columns))
	used := 0
	for i, col := range columns {
		w := utf8.RuneCountInString(col.title)
		for _, row := range rows {
			w = max(w, utf8.RuneCountInString(row[i].text))
		}
		if last := i == len(columns)-1; last && c.width > 0 {
			w = min(w, max(c.width-used, len(col.title)))
		}
		widths[i] = w
		used += w + len(gap)
	}
	return widths
}

// line is one row. Padding comes after styling so that colour never shifts a
// column.
func (c console) line(columns []column, widths []int, row []cell) string {
	var b strings.Builder
	owed := "" // spaces that only matter if something follows
	for i, one := range row {
		text := shorten(one.text, widths[i])
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
		if columns[i].right {
			owed, pad = owed+pad, ""
		}
		if text != "" {
			b.WriteString(owed + c.paint(one.style, text))
			owed = ""
		}
		owed += pad + gap
	}
	return b.String() + "\n"
}

// paint gives text a style where colour is wanted.
func (c console) paint(style, text string) string {
	if !c.colour || style == styleNone {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
