package daemonry

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestDurationText(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "0s": 0, "1.5s": 1500 * time.Millisecond} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || time.Duration(d) != want {
			t.Errorf("%q is %v, %v", text, d, err)
		}
	}
	for _, text := range []string{"", "90", "-1s", "1 s", "1d", "NaN"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, time.Duration(d))
		}
	}
	if Duration(0).Or(time.Second) != time.Second || Duration(2).Or(time.Second) != 2 {
		t.Error("Or is wrong")
	}
}

func TestSizeText(t *testing.T) {
	for text, want := range map[string]Size{
		"0B": 0, "1B": 1, "1023B": 1023, "1KiB": 1024, "512MiB": 512 << 20, "3GiB": 3 << 30, "8TiB": 8 << 40, "1025KiB": 1025 << 10,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q is %d, %v, want %d", text, s, err, want)
		}
		if got, err := want.MarshalText(); err != nil || string(got) != text {
			t.Errorf("%d prints %q, %v, want %q", want, got, err, text)
		}
	}
	for _, text := range []string{"", "512", "MiB", "-1B", "1MB", "1 MiB", "1.5GiB", "1iB", "1KiBB", "9999999999TiB", "0x10B", "+1B", "1_0B"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
}

func FuzzSize(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(math.MaxInt64))
	f.Add(int64(1 << 40))
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 0 {
			return
		}
		text, err := Size(n).MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Size
		if err := back.UnmarshalText(text); err != nil || back != Size(n) {
			t.Errorf("%d prints %q, which reads %d, %v", n, text, back, err)
		}
	})
}

// TestServiceZero: a definition that sets little says little.
func TestServiceZero(t *testing.T) {
	text, err := json.Marshal(Service{Command: []string{"/x"}})
	if err != nil || string(text) != `{"command":["/x"]}` {
		t.Errorf("it is %s, %v", text, err)
	}
	text, err = json.Marshal(Service{Limits: Limits{Idle: Duration(time.Minute), MaxMemory: 1 << 30}})
	if err != nil || string(text) != `{"limits":{"idle":"1m0s","max_memory":"1GiB"}}` {
		t.Errorf("it is %s, %v", text, err)
	}
}
