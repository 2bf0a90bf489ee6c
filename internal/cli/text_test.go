package cli

import (
	"strings"
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 250 * time.Millisecond: "250ms", 4290 * time.Millisecond: "4.2s", 12900 * time.Millisecond: "12s",
		65 * time.Second: "1m 5s", 2 * time.Minute: "2m", 3*time.Hour + 20*time.Minute: "3h 20m", 53 * time.Hour: "2d 5h",
	} {
		if got := span(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 300 << 20: "300 MiB", 5 << 40: "5.0 TiB", 5 << 50: "5120 TiB"} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestShortenAndElide(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{shorten("abcdef", 6), "abcdef"},
		{shorten("abcdefg", 6), "abcde…"},
		{shorten("abcd efg", 6), "abcd…"},
		{shorten("abc", 0), "abc"},
		{elide("abcdef", 6), "abcdef"},
		{elide("abcdefgh", 6), "ab…fgh"},
		{strings.Join(wrap("one two three", 7), "|"), "one two|three"},
		{strings.Join(wrap("", 7), "|"), ""},
		{clean("a\x1b[31m\tb\u009bc\n\n"), "a?[31m b?c"},
		{oneLine("a\nb"), "a b"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
