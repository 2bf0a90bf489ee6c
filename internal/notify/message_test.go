package notify

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Message
	}{
		"ready":              {"READY=1\nSTATUS=Serving 3 clients\nMAINPID=4711\n", Message{Ready: true, Status: "Serving 3 clients", HasStatus: true, MainPID: 4711}},
		"status is cleared":  {"STATUS=", Message{HasStatus: true}},
		"status with an =":   {"STATUS=a=b", Message{Status: "a=b", HasStatus: true}},
		"no cursor movement": {"STATUS=x\x1b[2Jy\tz", Message{Status: "x [2Jy z", HasStatus: true}},
		"reload":             {"RELOADING=1\nMONOTONIC_USEC=1500000", Message{Reloading: true, Monotonic: 1500 * time.Millisecond}},
		"stopping":           {"STOPPING=1\nERRNO=5", Message{Stopping: true, Errno: 5}},
		"watchdog":           {"WATCHDOG=1", Message{Watchdog: true}},
		"watchdog trigger":   {"WATCHDOG=trigger\nWATCHDOG_USEC=20", Message{WatchdogTrigger: true, WatchdogEvery: 20 * time.Microsecond}},
		"extend for ever":    {"EXTEND_TIMEOUT_USEC=18446744073709551615", Message{Extend: math.MaxInt64 / 1000 * 1000}},
		"store":              {"FDSTORE=1\nFDNAME=listener 1", Message{FDStore: true, FDName: "listener 1"}},
		"forget":             {"FDSTOREREMOVE=1\nFDNAME=x", Message{FDStoreRemove: true, FDName: "x"}},
		"barrier":            {"BARRIER=1", Message{Barrier: true}},
		"bound":              {"X_DAEMONRY_PHASE=bound\nX_DAEMONRY_BIND_US=85", Message{Bound: true, BindTime: 85 * time.Microsecond}},
		"serving":            {"X_DAEMONRY_PHASE=serving", Message{Serving: true}},
		"bind failure": {
			"X_DAEMONRY_BIND_ERROR_KIND=io\nX_DAEMONRY_BIND_ERROR=bind io error: no", Message{BindErrorKind: "io", BindError: "bind io error: no"},
		},
		"senseless values": {
			"READY=2\nMAINPID=0\nFDNAME=a:b\nERRNO=x\nWATCHDOG_USEC=-1",
			Message{Ignored: []string{"READY=2", "MAINPID=0", "FDNAME=a:b", "ERRNO=x", "WATCHDOG_USEC=-1"}},
		},
		"unknown keys and no keys": {"X_OTHER=1\nhello\n\nREADY=1", Message{Ready: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":    "",
		"NUL":      "READY=1\x00",
		"too long": "STATUS=" + strings.Repeat("x", MaxSize),
		"too many": strings.Repeat("READY=1\n", MaxLines+1),
	} {
		if m, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, m)
		}
	}
}

func TestTextFitsOneLine(t *testing.T) {
	line := Text("STATUS", "two\nlines "+strings.Repeat("x", 2*MaxSize))
	m, err := Parse([]byte(line))
	if err != nil || !strings.HasPrefix(m.Status, "two lines x") {
		t.Fatalf("got %q, %v", m.Status, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("READY=1\nSTATUS=warm\nMAINPID=1"))
	f.Add([]byte("FDSTORE=1\nFDNAME=x\nBARRIER=1\nX_DAEMONRY_BIND_US=9"))
	f.Add([]byte("STATUS=\xff\x1b\n=\n=="))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		if strings.ContainsAny(m.Status+m.BindError+m.BindErrorKind+m.FDName+strings.Join(m.Ignored, ""), "\n\x00\x1b\r\t") {
			t.Errorf("unprintable text came through: %+v", m)
		}
		if m.MainPID < 0 || m.Extend < 0 || m.WatchdogEvery < 0 || m.BindTime < 0 {
			t.Errorf("negative: %+v", m)
		}
	})
}
