package stat

import (
	"math"
	"slices"
)

// Summary is what one side's values amount to.
type Summary struct {
	N                       int
	Min, P50, P90, P99, Max float64
}

// Summarise sorts a copy of the values.
func Summarise(values []float64) Summary {
	sorted := slices.Sorted(slices.Values(values))
	return Summary{
		N: len(sorted), Min: Quantile(sorted, 0), P50: Quantile(sorted, 0.5),
		P90: Quantile(sorted, 0.9), P99: Quantile(sorted, 0.99), Max: Quantile(sorted, 1),
	}
}

// Quantile returns the smallest of the sorted values that at least the share q of
// them does not exceed (the nearest rank): always a value that was measured. NaN
// if there are none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[rank(len(sorted), q)]
}

// rank is the index of a quantile.
func rank(n int, q float64) int {
	return min(max(int(math.Ceil(q*float64(n)))-1, 0), n-1)
}

// nth returns what values[k] would be if they were sorted. It reorders them
// (Hoare's selection: linear where sorting is not, and resampling asks for a
// thousand medians).
func nth(values []float64, k int) float64 {
	low, high := 0, len(values)-1
	for low < high {
		pivot := values[low+(high-low)/2]
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return values[k]
		}
	}
	return values[k]
}

// median reorders the values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return nth(values, rank(len(values), 0.5))
}
