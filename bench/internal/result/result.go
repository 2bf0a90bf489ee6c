package result

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Schema is the version of the JSON form. Fields are added, never renamed.
const Schema = 1

// File is what one command measured, in one or several runs.
type File struct {
	Schema  int     `json:"schema"`
	Machine Machine `json:"machine"`
	Runs    []Run   `json:"runs"`
}

// Run is one pass over the measures.
type Run struct {
	Began    time.Time `json:"began"`
	Took     float64   `json:"took_s"` // seconds
	Load     string    `json:"load"`   // 1, 5 and 15 minute averages when it began
	Quick    bool      `json:"quick"`
	Files    string    `json:"files"` // the kinds of file system that were used
	Measures []Measure `json:"measures"`
}

// Measure is one question and what was measured to answer it.
type Measure struct {
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Method  string    `json:"method"` // how, in a few sentences
	Series  []Series  `json:"series"`
	Compare []Compare `json:"compare"`
	Facts   []string  `json:"facts"`   // counted, not timed: "1 start, 0 refused"
	Missing []string  `json:"missing"` // what could not be measured, and why
}

// Unit is what a series' values are.
type Unit string

// The units.
const (
	Nanoseconds Unit = "ns"
	Bytes       Unit = "B"
	Count       Unit = "" // of things
)

// Series is one side's raw values, in the order in which they were measured: the
// values of one index in all series of a Measure belong together.
type Series struct {
	Name   string    `json:"name"`
	Unit   Unit      `json:"unit"`
	Size   int       `json:"size,omitempty"` // how many clients or services; 0: does not vary
	Values []float64 `json:"values"`
}

// Compare says which two series are to be compared and what is aimed at.
type Compare struct {
	What   string  `json:"what"`
	Ours   string  `json:"ours"`
	Floor  string  `json:"floor"`
	Size   int     `json:"size,omitempty"`
	Excess bool    `json:"excess,omitempty"` // by difference, not by quotient
	Aim    float64 `json:"aim,omitempty"`    // at most this; 0: none
}

// Find returns the values of the series with that name and size; nil: none.
func (m *Measure) Find(name string, size int) *Series {
	i := slices.IndexFunc(m.Series, func(s Series) bool { return s.Name == name && s.Size == size })
	if i < 0 {
		return nil
	}
	return &m.Series[i]
}

// Add appends values to the series with that name and size, making it if need be.
func (m *Measure) Add(name string, size int, unit Unit, values ...float64) {
	s := m.Find(name, size)
	if s == nil {
		m.Series = append(m.Series, Series{Name: name, Unit: unit, Size: size})
		s = &m.Series[len(m.Series)-1]
	}
	s.Values = append(s.Values, values...)
}

// AddTime appends durations; of none it makes an empty series.
func (m *Measure) AddTime(name string, size int, values ...time.Duration) {
	m.Add(name, size, Nanoseconds)
	for _, d := range values {
		m.Add(name, size, Nanoseconds, float64(d.Nanoseconds()))
	}
}

// Pool puts the values of all runs together, measure by measure. What is not a value
// is the last run's.
func (f *File) Pool() []Measure {
	var all []Measure
	for _, run := range f.Runs {
		for _, m := range run.Measures {
			i := slices.IndexFunc(all, func(have Measure) bool { return have.Name == m.Name })
			if i < 0 {
				all, i = append(all, Measure{Name: m.Name}), len(all)
			}
			to := &all[i]
			to.Title, to.Method, to.Compare, to.Facts, to.Missing = m.Title, m.Method, m.Compare, m.Facts, m.Missing
			for _, s := range m.Series {
				to.Add(s.Name, s.Size, s.Unit, s.Values...)
			}
		}
	}
	return all
}

// Write writes the file.
func (f *File) Write(path string) error {
	f.Schema = Schema
	data, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// Read reads a file that Write wrote.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := new(File)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f.Schema != Schema {
		return nil, fmt.Errorf("%s: schema %d, want %d", path, f.Schema, Schema)
	}
	return f, nil
}
