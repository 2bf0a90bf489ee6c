package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantileIsANearestRank(t *testing.T) {
	ten := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, c := range []struct{ q, want float64 }{{0, 1}, {0.1, 1}, {0.11, 2}, {0.5, 5}, {0.9, 9}, {0.99, 10}, {1, 10}} {
		if got := Quantile(ten, c.q); got != c.want {
			t.Errorf("quantile %v of 1…10 is %v, want %v", c.q, got, c.want)
		}
	}
	if got := Quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestSummariseLeavesTheValuesInOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	got := Summarise(values)
	if want := (Summary{N: 3, Min: 1, P50: 2, P90: 3, P99: 3, Max: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !slices.Equal(values, []float64{3, 1, 2}) {
		t.Errorf("the values were reordered: %v", values)
	}
}

func TestNthIsWhatSortingSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-9, 9), 1, 60).Draw(t, "values")
		k := rapid.IntRange(0, len(values)-1).Draw(t, "k")
		want := slices.Sorted(slices.Values(values))[k]
		if got := nth(slices.Clone(values), k); got != want {
			t.Fatalf("nth(%v, %d) = %v, want %v", values, k, got, want)
		}
	})
}

func TestRatioOfTheSameIsOne(t *testing.T) {
	values := noisy(200, 1)
	if got := Ratio(values, values); got != (Comparison{1, 1, 1, 1, 1, 1}) {
		t.Errorf("got %+v, want all 1", got)
	}
	if got := Excess(values, values); got != (Comparison{}) {
		t.Errorf("got %+v, want all 0", got)
	}
}

// A neighbour that makes half of the pairs ten times as slow changes the values,
// not what they say of each other.
func TestRatioSurvivesANoisyNeighbour(t *testing.T) {
	floor, ours := noisy(400, 1), noisy(400, 1.2)
	for i := 100; i < 300; i++ {
		floor[i], ours[i] = 10*floor[i], 10*ours[i]
	}
	c := Ratio(ours, floor)
	if c.Pairs < 1.15 || c.Pairs > 1.25 {
		t.Errorf("the median pair says %.3f, want about 1.2", c.Pairs)
	}
	if c.Low > 1.2 || c.High < 1.2 || c.Low > c.Medians || c.High < c.Medians {
		t.Errorf("the interval is %.3f to %.3f around %.3f, want 1.2 inside", c.Low, c.High, c.Medians)
	}
}

// Of a hundred experiments about 95 intervals hold the truth.
func TestIntervalCovers(t *testing.T) {
	held := 0
	random := rand.New(rand.NewPCG(7, 7))
	for range 100 {
		ours, floor := make([]float64, 60), make([]float64, 60)
		for i := range ours {
			ours[i], floor[i] = 150*math.Exp(random.NormFloat64()/5), 100*math.Exp(random.NormFloat64()/5)
		}
		if c := Ratio(ours, floor); c.Low <= 1.5 && 1.5 <= c.High {
			held++
		}
	}
	if held < 85 {
		t.Errorf("%d of 100 intervals held the truth", held)
	}
}

func TestFewPairsHaveNoInterval(t *testing.T) {
	c := Ratio([]float64{2, 4}, []float64{1, 2, 99})
	if c.Medians != 2 || c.Pairs != 2 || !math.IsNaN(c.Low) || !math.IsNaN(c.High) {
		t.Errorf("got %+v, want 2 without an interval", c)
	}
	if c := Ratio(nil, nil); !math.IsNaN(c.Medians) || !math.IsNaN(c.Pairs) {
		t.Errorf("of nothing got %+v, want NaN", c)
	}
}

// noisy values lie within a twentieth of level.
func noisy(n int, level float64) []float64 {
	random := rand.New(rand.NewPCG(uint64(n), uint64(1000*level)))
	values := make([]float64, n)
	for i := range values {
		values[i] = level * (0.95 + random.Float64()/10)
	}
	return values
}
