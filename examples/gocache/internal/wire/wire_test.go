package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/daemonry/daemonry/examples/gocache/internal/object"
	"github.com/daemonry/daemonry/examples/gocache/internal/wire"
	"github.com/google/go-cmp/cmp"
)

func everyMessage() []byte {
	action, output := object.Action{1, 31: 2}, object.Output{3, 31: 4}
	b := wire.Hello{Version: 7, Helper: true}.Append(nil)
	b = wire.Welcome{Version: 7, Dir: "/dir", View: "/dir/view"}.Append(b)
	b = wire.AppendGet(b, 42, action)
	b = wire.Put{Action: action, Output: output, Size: 5, Path: "/spool/1"}.Append(b, 43)
	b = wire.Hit{Entry: object.Entry{Output: output, Size: 6, Time: time.Unix(1, 2)}, Path: "/objects/1"}.Append(b, 44)
	b = wire.AppendUsed(b, 9, []object.Output{output, {5}})
	return wire.AppendFailed(b, 45, errors.New("because"))
}

// What was written is what is read.
func TestRoundTrip(t *testing.T) {
	r := wire.NewReader(bytes.NewReader(everyMessage()))
	var ids []int64
	for range 7 {
		f, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, f.ID)
		check(t, f)
	}
	if diff := cmp.Diff([]int64{0, 0, 42, 43, 44, 0, 45}, ids); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Read(); err != io.EOF {
		t.Errorf("Read at the end = %v, want io.EOF", err)
	}
}

func check(t *testing.T, f wire.Frame) {
	t.Helper()
	var got, want any
	var err error
	action, output := object.Action{1, 31: 2}, object.Output{3, 31: 4}
	switch f.Kind {
	case wire.KindHello:
		got, err = wire.ParseHello(f)
		want = wire.Hello{Version: 7, Helper: true}
	case wire.KindWelcome:
		got, err = wire.ParseWelcome(f)
		want = wire.Welcome{Version: 7, Dir: "/dir", View: "/dir/view"}
	case wire.KindGet:
		got, err = wire.ParseGet(f)
		want = action
	case wire.KindPut:
		got, err = wire.ParsePut(f)
		want = wire.Put{Action: action, Output: output, Size: 5, Path: "/spool/1"}
	case wire.KindHit:
		got, err = wire.ParseHit(f)
		want = wire.Hit{Entry: object.Entry{Output: output, Size: 6, Time: time.Unix(1, 2)}, Path: "/objects/1"}
	case wire.KindUsed:
		var hits int
		hits, got, err = wire.ParseUsed(f)
		if hits != 9 {
			t.Errorf("%d hits, want 9", hits)
		}
		want = []object.Output{output, {5}}
	case wire.KindFailed:
		got, want = string(f.Payload), "because"
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%d: %v %s", f.Kind, err, diff)
	}
}

// A stream cut off anywhere is an error, never a frame that nobody sent.
func TestTruncated(t *testing.T) {
	whole := everyMessage()
	for n := range len(whole) {
		r := wire.NewReader(bytes.NewReader(whole[:n]))
		var err error
		for err == nil {
			var f wire.Frame
			if f, err = r.Read(); err == nil {
				check(t, f)
			}
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

// No bytes make a reader or a parser panic, or accept more than the limit.
func FuzzRead(f *testing.F) {
	f.Add(everyMessage())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.NewReader(bytes.NewReader(data))
		for {
			frame, err := r.Read()
			if err != nil {
				return
			}
			if len(frame.Payload) > wire.MaxPayload {
				t.Fatalf("a payload of %d bytes", len(frame.Payload))
			}
			wire.ParseHello(frame)
			wire.ParseWelcome(frame)
			wire.ParseGet(frame)
			wire.ParsePut(frame)
			wire.ParseHit(frame)
			wire.ParseUsed(frame)
		}
	})
}
