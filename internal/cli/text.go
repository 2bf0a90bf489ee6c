package cli

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// clean makes text that a daemon chose safe to show on a terminal: tabs become
// spaces, other control characters '?', trailing white space goes.
func clean(s string) string {
	s = strings.TrimRight(s, " \t\r\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == utf8.RuneError || unicode.IsControl(r):
			return '?'
		}
		return r
	}, s)
}

// oneLine is clean with line ends shown as spaces.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " ") }

// shorten cuts s to n columns, the last an ellipsis; n <= 0 cuts nothing. Every
// rune counts as one column.
func shorten(s string, n int) string {
	if n <= 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:n-1]), " ") + "…"
}

// elide cuts s to n columns in its middle: of an instance's path the end says
// most.
func elide(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	tail := n / 2
	return string(runes[:n-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// wrap breaks s into lines of at most n columns at spaces; a longer word keeps
// its own line. n <= 0 breaks nothing.
func wrap(s string, n int) []string {
	if n <= 0 {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > n {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// span shows d in at most two units: "250ms", "4.2s", "12s", "3m 5s", "2h 30m",
// "5d 3h".
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return units(d, time.Minute, "m", time.Second, "s")
	case d < 24*time.Hour:
		return units(d, time.Hour, "h", time.Minute, "m")
	default:
		return units(d, 24*time.Hour, "d", time.Hour, "h")
	}
}

func units(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d%s", d/big, bigName)
	if rest := d % big / small; rest > 0 {
		text += fmt.Sprintf(" %d%s", rest, smallName)
	}
	return text
}

// size shows n bytes with a binary unit: "512 B", "1.5 KiB", "23 MiB".
func size(n uint64) string {
	const names = "KMGT"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < len(names)-1 {
		value, unit = value/1024, unit+1
	}
	if value < 10 {
		return fmt.Sprintf("%.1f %ciB", value, names[unit])
	}
	return fmt.Sprintf("%.0f %ciB", value, names[unit])
}

// count is "1 connection", "2 connections".
func count[N ~uint32 | ~int](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// milliseconds is span of a number of milliseconds, finer where it is short.
func milliseconds(ms float64) string {
	if ms < 100 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return span(time.Duration(ms * float64(time.Millisecond)))
}
