package main

import (
	"fmt"
	"slices"
)

// summary is a distribution.
type summary struct {
	N      int     `json:"n"`
	Min    float64 `json:"min"`
	Low    float64 `json:"p25"`
	Median float64 `json:"p50"`
	High   float64 `json:"p75"`
}

// String is the median with the quartiles and the minimum.
func (s summary) String() string {
	return fmt.Sprintf("p50 %.4g (p25 %.4g, p75 %.4g, min %.4g)", s.Median, s.Low, s.High, s.Min)
}

func summarise(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	at := func(quarters int) float64 { return sorted[(len(sorted)-1)*quarters/4] }
	return summary{N: len(sorted), Min: sorted[0], Low: at(1), Median: at(2), High: at(3)}
}
