package stat

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A Comparison says how our side's values stand to the floor's.
type Comparison struct {
	// Medians is our median against the floor's; Low and High bound it with 95 %
	// confidence, by resampling the pairs. NaN with fewer than 5 pairs.
	Medians, Low, High float64
	// Pairs is the median of the single pairs' comparisons, Q1 and Q3 their
	// quartiles: the spread of what one measurement would have said.
	Pairs, Q1, Q3 float64
}

// Ratio compares by quotient: 1 is equal, 2 is twice the floor. The sides' values
// at one index were measured together; a longer side's rest is ignored.
func Ratio(ours, floor []float64) Comparison {
	return compare(ours, floor, func(a, b float64) float64 { return a / b })
}

// Excess compares by difference, in the values' unit: 0 is equal.
func Excess(ours, floor []float64) Comparison {
	return compare(ours, floor, func(a, b float64) float64 { return a - b })
}

const (
	fewest      = 5    // pairs from which an interval can be told
	mostSamples = 1000 // resamples; fewer of many pairs, whose interval is narrow
	leastSample = 100
	work        = 20_000_000 // values to look at in all
	confidence  = 0.95
)

func compare(ours, floor []float64, op func(a, b float64) float64) Comparison {
	n := min(len(ours), len(floor))
	ours, floor = ours[:n], floor[:n]
	single := make([]float64, n)
	for i := range n {
		single[i] = op(ours[i], floor[i])
	}
	slices.Sort(single)
	c := Comparison{
		Medians: op(median(slices.Clone(ours)), median(slices.Clone(floor))),
		Pairs:   Quantile(single, 0.5), Q1: Quantile(single, 0.25), Q3: Quantile(single, 0.75),
	}
	c.Low, c.High = interval(ours, floor, op)
	return c
}

// interval is the bootstrap's: draw as many pairs as there are, with replacement,
// again and again, and see where the middle 95 % of the outcomes lie. It draws the
// same for the same values.
func interval(ours, floor []float64, op func(a, b float64) float64) (low, high float64) {
	n := len(ours)
	if n < fewest {
		return math.NaN(), math.NaN()
	}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	a, b := make([]float64, n), make([]float64, n)
	outcomes := make([]float64, min(max(work/n, leastSample), mostSamples))
	for i := range outcomes {
		for j := range n {
			k := random.IntN(n)
			a[j], b[j] = ours[k], floor[k]
		}
		outcomes[i] = op(median(a), median(b))
	}
	slices.Sort(outcomes)
	return Quantile(outcomes, (1-confidence)/2), Quantile(outcomes, (1+confidence)/2)
}
