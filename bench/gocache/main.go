package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"
)

func main() {
	o := options{}
	flag.StringVar(&o.packages, "packages", "std", "what to build")
	flag.IntVar(&o.pairs, "pairs", 30, "pairs to measure")
	quick := flag.Bool("quick", false, "the same as -packages net/http -pairs 7")
	asJSON := flag.Bool("json", false, "print one JSON object")
	flag.Parse()
	if *quick {
		o.packages, o.pairs = "net/http", 7
	}
	if flag.NArg() > 0 || o.pairs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := measure(o)
	if err == nil {
		err = print(os.Stdout, r, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot measure gocache:", err)
		os.Exit(1)
	}
}

type options struct {
	packages string
	pairs    int
}

// result is what was measured; times are in milliseconds.
type result struct {
	Packages string  `json:"packages"`
	CPUs     int     `json:"cpus"`
	Go       string  `json:"go"`
	Own      summary `json:"own_ms"`
	Gocache  summary `json:"gocache_ms"`
	Ratio    summary `json:"ratio"` // of each pair
	// First is the first build after a start of the daemon, which hashes every
	// object once.
	First float64 `json:"first_after_start_ms"`
	Hits  int64   `json:"hits_per_build"`
}

func print(w io.Writer, r result, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := fmt.Fprintf(w, `fully cached go build %s, %s, %d CPUs, %d pairs, %d hits per build
  Go's own cache   %v ms
  gocache          %v ms
  ratio            %v
  first build after a start of the daemon: %.0f ms
`, r.Packages, r.Go, r.CPUs, r.Ratio.N, r.Hits, r.Own, r.Gocache, r.Ratio, r.First)
	return err
}

func measure(o options) (result, error) {
	w, err := newWorld()
	if err != nil {
		return result{}, err
	}
	defer w.close()
	r := result{Packages: o.packages, CPUs: runtime.NumCPU(), Go: runtime.Version()}
	if err := w.fill(o.packages); err != nil {
		return r, err
	}
	if r.First, err = w.first(o.packages); err != nil {
		return r, err
	}
	before, err := w.counters()
	if err != nil {
		return r, err
	}
	if err := w.pairs(o, &r); err != nil {
		return r, err
	}
	after, err := w.counters()
	if err != nil {
		return r, err
	}
	if after.Misses != before.Misses || after.Puts != before.Puts {
		return r, fmt.Errorf("builds missed %d times", after.Misses-before.Misses)
	}
	r.Hits = (after.Hits - before.Hits) / int64(o.pairs)
	return r, nil
}

// pairs builds with each cache in turns.
func (w *world) pairs(o options, r *result) error {
	var own, ours, ratios []float64
	for i := range o.pairs {
		builds := []func(string) (time.Duration, error){w.own, w.gocache}
		var took [2]time.Duration
		for j := range builds {
			which := (i + j) % 2
			var err error
			if took[which], err = builds[which](o.packages); err != nil {
				return err
			}
		}
		own = append(own, milliseconds(took[0]))
		ours = append(ours, milliseconds(took[1]))
		ratios = append(ratios, float64(took[1])/float64(took[0]))
	}
	r.Own, r.Gocache, r.Ratio = summarise(own), summarise(ours), summarise(ratios)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
