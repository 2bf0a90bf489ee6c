package report

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// drawing is an SVG image on its way. It brings its own background, for the page
// around it may be dark.
type drawing struct{ b strings.Builder }

// The colours of what is not a series.
const (
	ink  = "#1f2328"
	grid = "#d8dee4"
)

// shade is a colour for each series, told apart by those who see fewer (Okabe and Ito's).
func shade(i int) string {
	colours := [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"}
	return colours[i%len(colours)]
}

func newDrawing(width, height int) *drawing {
	d := new(drawing)
	fmt.Fprintf(&d.b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&d.b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	return d
}

func (d *drawing) line(x1, y1, x2, y2 float64, colour string, width int) {
	fmt.Fprintf(&d.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%d"/>`+"\n", x1, y1, x2, y2, colour, width)
}

func (d *drawing) dot(x, y float64, colour string) {
	fmt.Fprintf(&d.b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", x, y, colour)
}

// text is placed by its anchor: start, middle or end.
func (d *drawing) text(x, y float64, anchor, s string) {
	fmt.Fprintf(&d.b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">`, x, y, anchor, ink)
	_ = xml.EscapeText(&d.b, []byte(s)) // a strings.Builder does not fail
	d.b.WriteString("</text>\n")
}

func (d *drawing) end() string { return d.b.String() + "</svg>\n" }
