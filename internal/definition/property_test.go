package definition

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/daemonry/daemonry"
)

// anyService draws services that are accepted.
func anyService(t *rapid.T) daemonry.Service {
	text := rapid.StringMatching(`[ -~äλ漢😀]{0,12}`).Filter(func(s string) bool {
		for range words(s) {
			return false
		}
		return true
	})
	argument := rapid.OneOf(text, rapid.SampledFrom([]string{"{home}", "a\tb\nc", "{state_dir}/x", `\`, "\"", "\x7f", "{}"}))
	duration := rapid.Custom(func(t *rapid.T) daemonry.Duration {
		return daemonry.Duration(rapid.Int64Range(0, int64(30*time.Second)).Draw(t, "duration"))
	})
	name := rapid.StringMatching(`[A-Z_][A-Z0-9_]{1,8}`).Filter(func(s string) bool { return !ofStart(s) })
	size := func(least int64) daemonry.Size {
		return daemonry.Size(rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(least, 1<<50)).Draw(t, "size"))
	}
	version := rapid.StringMatching(`[0-9a-zA-Z.+_~:-]{0,10}`)
	signal := rapid.SampledFrom([]string{"", "SIGTERM", "SIGINT", "SIGQUIT", "SIGABRT"})
	return daemonry.Service{
		Command:     append([]string{"/usr/bin/x"}, rapid.SliceOfN(argument, 0, 3).Draw(t, "args")...),
		Version:     version.Draw(t, "version"),
		Mode:        daemonry.Mode(rapid.SampledFrom(append(modes(), "")).Draw(t, "mode")),
		Ready:       daemonry.Readiness(rapid.SampledFrom([]string{"", "auto", "notify", "accept", "exec"}).Draw(t, "ready")),
		Template:    rapid.Bool().Draw(t, "template"),
		Nonblocking: rapid.Bool().Draw(t, "nonblocking"),
		Description: text.Draw(t, "description"),
		Limits: daemonry.Limits{
			Start: duration.Draw(t, "start"), Stop: duration.Draw(t, "stop"), Idle: duration.Draw(t, "idle"),
			Stall: duration.Draw(t, "stall"), Bind: duration.Draw(t, "bind"), MaxMemory: size(leastMemory),
			MaxInstances: rapid.IntRange(0, 1<<20).Draw(t, "instances"), OpenFiles: rapid.IntRange(leastOpenFiles, 1<<20).Draw(t, "files"),
			StallAction: rapid.SampledFrom(append(stallActions(), "")).Draw(t, "stall_action"),
		},
		Restart: daemonry.Restart{
			Burst: rapid.IntRange(0, 99).Draw(t, "burst"), Window: duration.Draw(t, "window"), BackoffMin: duration.Draw(t, "min"),
			Cooldown: duration.Draw(t, "cooldown"), GiveUpOn: rapid.SliceOfN(rapid.SampledFrom([]string{"0", "78", "255", "SIGILL"}), 0, 3).Draw(t, "give_up"),
		},
		Process: daemonry.Process{
			Env: rapid.MapOfN(name, argument, 0, 4).Draw(t, "env"), PassEnv: rapid.SliceOfN(name, 0, 3).Draw(t, "pass_env"),
			Dir: rapid.SampledFrom([]string{"", "/", "{home}", "/a b"}).Draw(t, "dir"), Umask: rapid.SampledFrom([]string{"", "022", "0777"}).Draw(t, "umask"),
			Nice: rapid.IntRange(-20, 19).Draw(t, "nice"), StopSignal: signal.Draw(t, "stop"), StackSignal: signal.Draw(t, "stack"),
		},
		Log:    daemonry.Log{MaxSize: size(0), Keep: rapid.IntRange(0, 9).Draw(t, "keep")},
		Policy: daemonry.Policy{MinVersion: version.Draw(t, "floor"), Upgrade: rapid.SampledFrom(append(upgrades(), "")).Draw(t, "upgrade")},
	}
}

func TestFormatRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyService(t)
		text, err := Format(s)
		if err != nil {
			t.Fatalf("Format: %v", err)
		}
		back, err := Parse("x.toml", text)
		if err != nil {
			t.Fatalf("Parse: %v\n%s", err, text)
		}
		if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("round trip (-want +got):\n%s\n%s", diff, text)
		}
	})
}

// The JSON form of a client means the same, and so has the same digest.
func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyService(t)
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseJSON("client", data)
		if err != nil {
			t.Fatalf("ParseJSON: %v\n%s", err, data)
		}
		if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("round trip (-want +got):\n%s", diff)
		}
		if Digest(s) != Digest(back) {
			t.Fatal("the digests differ")
		}
	})
}

func TestFormatRefusesWhatParseWould(t *testing.T) {
	for _, s := range []daemonry.Service{
		{},
		{Command: []string{"x"}},
		{Command: []string{"/x", "\xff"}},
		{Command: []string{"/x"}, Limits: daemonry.Limits{Idle: -1, MaxMemory: -5}, Log: daemonry.Log{MaxSize: -1}},
	} {
		if text, err := Format(s); err == nil {
			t.Errorf("accepted:\n%s", text)
		}
	}
}
