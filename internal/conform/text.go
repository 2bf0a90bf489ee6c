package conform

import (
	"fmt"
	"strconv"
	"strings"
)

// Unescape reads the escapes of a request or answer given on a command line:
// \n \r \t \0 \\ \" \' and \xHH, and leaves everything else as it is. Other
// escapes are an error.
func Unescape(text string) ([]byte, error) {
	out := make([]byte, 0, len(text))
	for {
		plain, rest, found := strings.Cut(text, `\`)
		out = append(out, plain...)
		if !found {
			return out, nil
		}
		b, n, err := escape(rest)
		if err != nil {
			return nil, err
		}
		out, text = append(out, b), rest[n:]
	}
}

// escape reads what follows a backslash and returns its length.
func escape(rest string) (b byte, n int, err error) {
	if rest == "" {
		return 0, 0, fmt.Errorf(`a single \ at the end: write \\ for a backslash`)
	}
	if i := strings.IndexByte(`nrt0\"'`, rest[0]); i >= 0 {
		return "\n\r\t\x00\\\"'"[i], 1, nil
	}
	if rest[0] == 'x' && len(rest) >= 3 {
		if v, err := strconv.ParseUint(rest[1:3], 16, 8); err == nil {
			return byte(v), 3, nil
		}
	}
	return 0, 0, fmt.Errorf(`\%.3s is no escape: there are \n \r \t \0 \\ \" \' and \xHH`, rest)
}
