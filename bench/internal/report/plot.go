package report

import (
	"math"
	"slices"

	"github.com/daemonry/daemonry/bench/internal/result"
	"github.com/daemonry/daemonry/bench/internal/stat"
)

// plot is a picture of a measure.
type plot struct{ name, title, svg string }

// plotsOf are the pictures of a measure: how its times lie, and, where its size
// varies, how they and the rest grow.
func plotsOf(m result.Measure) []plot {
	var list []plot
	if spread := seriesOf(m, func(s result.Series) bool { return s.Unit == result.Nanoseconds && s.Size == 0 }); len(spread) > 1 {
		list = append(list, plot{m.Name, m.Title + ": p10 to p90, with the quartiles and the median", rangePlot(spread)})
	}
	for _, unit := range []struct {
		unit result.Unit
		name string
	}{{result.Nanoseconds, "time"}, {result.Bytes, "memory"}} {
		grown := growthOf(m, unit.unit)
		if len(grown) > 0 {
			list = append(list, plot{m.Name + "-" + unit.name, m.Title + ": median " + unit.name + " by number", growthPlot(grown, unit.unit)})
		}
	}
	return list
}

func seriesOf(m result.Measure, keep func(result.Series) bool) []result.Series {
	return slices.DeleteFunc(slices.Clone(m.Series), func(s result.Series) bool { return !keep(s) || len(s.Values) == 0 })
}

// A curve is the medians of a side over the sizes.
type curve struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// growthOf collects the medians of the series of one name; those measured at a single
// size are left out.
func growthOf(m result.Measure, unit result.Unit) []curve {
	var curves []curve
	for _, s := range seriesOf(m, func(s result.Series) bool { return s.Unit == unit && s.Size > 0 }) {
		i := slices.IndexFunc(curves, func(c curve) bool { return c.name == s.Name })
		if i < 0 {
			curves, i = append(curves, curve{name: s.Name}), len(curves)
		}
		if y := stat.Summarise(s.Values).P50; y > 0 { // of a logarithmic scale
			curves[i].points = append(curves[i].points, point{float64(s.Size), y})
		}
	}
	return slices.DeleteFunc(curves, func(c curve) bool { return len(c.points) < 2 })
}

const (
	plotWidth = 760
	rowHeight = 30
	labels    = 330 // pixels for the names of the rows
	margin    = 20
)

// rangePlot has one row for each series, on a common scale from zero.
func rangePlot(series []result.Series) string {
	most := 0.0
	for _, s := range series {
		most = max(most, stat.Quantile(slices.Sorted(slices.Values(s.Values)), 0.9))
	}
	height := len(series)*rowHeight + 2*margin + 10
	d := newDrawing(plotWidth, height)
	x := func(v float64) float64 { return labels + v/most*(plotWidth-labels-5*margin) }
	base := float64(height - margin - 4)
	for _, tick := range ticks(most) {
		d.line(x(tick), margin, x(tick), base, grid, 1)
		d.text(x(tick), base+16, "middle", value(tick, series[0].Unit))
	}
	for i, s := range series {
		sorted := slices.Sorted(slices.Values(s.Values))
		at := func(q float64) float64 { return x(min(stat.Quantile(sorted, q), most)) }
		y := float64(margin + i*rowHeight + rowHeight/2)
		d.text(labels-10, y+4, "end", s.Name)
		d.line(at(0.1), y, at(0.9), y, shade(i), 2)
		d.line(at(0.25), y, at(0.75), y, shade(i), 9)
		d.line(at(0.5), y-9, at(0.5), y+9, ink, 2)
		d.text(at(0.9)+6, y+4, "start", value(stat.Quantile(sorted, 0.5), s.Unit))
	}
	return d.end()
}

// ticks are round numbers from 0 to most, about five.
func ticks(most float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10(most)))
	for _, part := range []float64{0.2, 0.5, 1, 2} {
		if most/(step*part) <= 6 {
			step *= part
			break
		}
	}
	var list []float64
	for t := 0.0; t <= most; t += step {
		list = append(list, t)
	}
	return list
}

const growthHeight = 340

// growthPlot has both axes logarithmic: what grows in proportion is a straight line.
func growthPlot(curves []curve, unit result.Unit) string {
	low, high := point{math.Inf(1), math.Inf(1)}, point{}
	for _, c := range curves {
		for _, p := range c.points {
			low = point{min(low.x, p.x), min(low.y, p.y)}
			high = point{max(high.x, p.x), max(high.y, p.y)}
		}
	}
	low.y, high.y = decade(low.y, math.Floor), decade(high.y, math.Ceil)
	legend := float64(len(curves)*18 + 6)
	d := newDrawing(plotWidth, growthHeight+int(legend))
	left, right, top, base := 90.0, float64(plotWidth-3*margin), margin+legend, float64(growthHeight)+legend-2*margin
	at := func(p point) (x, y float64) {
		return left + share(p.x, low.x, high.x)*(right-left), base - share(p.y, low.y, high.y)*(base-top)
	}
	for y := low.y; y <= high.y*1.01; y *= 10 {
		_, py := at(point{low.x, y})
		d.line(left, py, right, py, grid, 1)
		d.text(left-8, py+4, "end", value(y, unit))
	}
	for _, p := range curves[0].points {
		px, _ := at(p)
		d.line(px, top, px, base, grid, 1)
		d.text(px, base+18, "middle", value(p.x, result.Count))
	}
	for i, c := range curves {
		y := float64(margin + i*18)
		d.line(left, y, left+24, y, shade(i), 3)
		d.text(left+32, y+4, "start", c.name)
		for k, p := range c.points {
			px, py := at(p)
			d.dot(px, py, shade(i))
			if k > 0 {
				fromX, fromY := at(c.points[k-1])
				d.line(fromX, fromY, px, py, shade(i), 2)
			}
		}
	}
	return d.end()
}

func decade(v float64, round func(float64) float64) float64 {
	return math.Pow(10, round(math.Log10(v)))
}

// share is where v lies between low and high on a logarithmic scale.
func share(v, low, high float64) float64 {
	if high <= low {
		return 0
	}
	return math.Log(v/low) / math.Log(high/low)
}
