package cacheprog

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"
)

// Greeting is the first thing that cmd/go expects.
const Greeting = `{"ID":0,"KnownCommands":["get","put","close"]}` + "\n"

// A Response answers the request of the same ID. Zero values are left out.
type Response struct {
	ID       int64
	Err      string    // why the request failed
	Miss     bool      // for a get
	OutputID []byte    // for a hit
	Size     int64     // for a hit, bytes
	Time     time.Time // for a hit; without it cmd/go would never expire a test result
	DiskPath string    // for a hit and for a put
}

// AppendResponse appends the response's line to b.
func AppendResponse(b []byte, r Response) []byte {
	b = append(b, `{"ID":`...)
	b = strconv.AppendInt(b, r.ID, 10)
	if r.Err != "" {
		b = appendString(append(b, `,"Err":`...), r.Err)
	}
	if r.Miss {
		b = append(b, `,"Miss":true`...)
	}
	if len(r.OutputID) > 0 {
		b = append(b, `,"OutputID":"`...)
		b = base64.StdEncoding.AppendEncode(b, r.OutputID)
		b = append(b, '"')
	}
	if r.Size != 0 {
		b = strconv.AppendInt(append(b, `,"Size":`...), r.Size, 10)
	}
	if !r.Time.IsZero() {
		b = r.Time.UTC().AppendFormat(append(b, `,"Time":"`...), time.RFC3339Nano)
		b = append(b, '"')
	}
	if r.DiskPath != "" {
		b = appendString(append(b, `,"DiskPath":`...), r.DiskPath)
	}
	return append(b, "}\n"...)
}

func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil { // strings always marshal
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
