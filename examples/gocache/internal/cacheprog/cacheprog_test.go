package cacheprog_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/cacheprog"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// writeAsGo writes a request the way cmd/go's writeToChild does.
func writeAsGo(w io.Writer, req cacheprog.Request, body []byte) {
	json.NewEncoder(w).Encode(req)
	fmt.Fprint(w, "\n")
	if len(body) > 0 {
		fmt.Fprintf(w, "\"%s\"\n", base64.StdEncoding.EncodeToString(body))
	}
}

func requests() *rapid.Generator[cacheprog.Request] {
	return rapid.Custom(func(t *rapid.T) cacheprog.Request {
		id := rapid.SliceOfN(rapid.Byte(), 32, 32)
		req := cacheprog.Request{
			ID:      rapid.Int64Range(0, 1<<62).Draw(t, "id"),
			Command: rapid.SampledFrom([]cacheprog.Command{"get", "put", "close", "other"}).Draw(t, "command"),
		}
		if req.Command != cacheprog.Close {
			req.ActionID = id.Draw(t, "action")
		}
		if req.Command == cacheprog.Put {
			req.OutputID = id.Draw(t, "output")
		}
		return req
	})
}

// What cmd/go writes is what the reader reads, however the pipe cuts it up, and
// whether or not bodies are read to their end.
func TestReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		reqs := rapid.SliceOf(requests()).Draw(t, "requests")
		bodies := make([][]byte, len(reqs))
		for i := range reqs {
			if reqs[i].Command == cacheprog.Put {
				bodies[i] = rapid.SliceOf(rapid.Byte()).Draw(t, "body")
				reqs[i].BodySize = int64(len(bodies[i]))
			}
			writeAsGo(&stream, reqs[i], bodies[i])
		}
		var in io.Reader = &stream
		if rapid.Bool().Draw(t, "one byte at a time") {
			in = iotest.OneByteReader(in)
		}
		r := cacheprog.NewReader(in)
		for i, want := range reqs {
			got, err := r.Next()
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("request %d: %v %s", i, err, diff)
			}
			if rapid.Bool().Draw(t, "skip the body") {
				continue
			}
			if body, err := io.ReadAll(r.Body()); err != nil || !bytes.Equal(body, bodies[i]) {
				t.Fatalf("body %d: %q, %v, want %q", i, body, err, bodies[i])
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("Next at the end = %v, want io.EOF", err)
		}
	})
}

func TestReaderRefuses(t *testing.T) {
	for _, in := range []string{
		"hello\n",
		`{"ID":"x"}` + "\n",
		`{"ID":1,"Command":"get","ActionID":"*"}` + "\n",
		strings.Repeat(" ", 1<<20),
	} {
		if req, err := cacheprog.NewReader(strings.NewReader(in)).Next(); err == nil || err == io.EOF {
			t.Errorf("Next of %.40q = %+v, %v", in, req, err)
		}
	}
}

// A body that is cut off is an error, never a shorter body.
func TestTruncatedBody(t *testing.T) {
	var stream bytes.Buffer
	writeAsGo(&stream, cacheprog.Request{ID: 1, Command: cacheprog.Put, BodySize: 6}, []byte("abcdef"))
	whole := strings.TrimRight(stream.String(), "\"\n")
	for n := strings.Index(whole, "}") + 1; n <= len(whole); n++ {
		r := cacheprog.NewReader(strings.NewReader(whole[:n]))
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(r.Body()); err == nil {
			t.Errorf("after %d bytes the body is %q", n, body)
		}
	}
}

// The short way and encoding/json read the same from any line.
func FuzzNext(f *testing.F) {
	f.Add(`{"ID":1,"Command":"get","ActionID":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`)
	f.Add(`{"ID":12,"Command":"put","ActionID":"","OutputID":"AAA=","BodySize":3}`)
	f.Add(`{"ID":01,"Command":"close"}`)
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || strings.TrimSpace(line) == "" || len(line) > 60000 {
			return
		}
		got, err := cacheprog.NewReader(strings.NewReader(line + "\n")).Next()
		var want cacheprog.Request
		wantErr := json.Unmarshal([]byte(line), &want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, encoding/json says %v", line, err, wantErr)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("%q: %s", line, diff)
		}
	})
}

// encoding/json, which cmd/go uses, reads what was written.
func TestAppendResponse(t *testing.T) {
	when := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, want := range []cacheprog.Response{
		{ID: 1, Miss: true},
		{ID: 2, OutputID: make([]byte, 32), Size: 5, Time: when, DiskPath: "/plain/path"},
		{ID: 3, DiskPath: "/ein \"schöner\" Pfad\\\x01"},
		{ID: 4, Err: "line\nbreak"},
		{ID: 5},
	} {
		line := cacheprog.AppendResponse(nil, want)
		var got cacheprog.Response
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || bytes.Count(line, []byte("\n")) != 1 {
			t.Errorf("%s: %s", line, diff)
		}
	}
}
