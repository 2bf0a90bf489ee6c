package daemonry

import (
	"errors"
	"strings"
	"testing"
)

func TestParseName(t *testing.T) {
	for text, want := range map[string]Name{
		"gocache":                {"gocache", "", ""},
		"gopls@0.16.1":           {"gopls", "0.16.1", ""},
		"indexer//home/me":       {"indexer", "", "/home/me"},
		"x@1/a@b/c":              {"x", "1", "a@b/c"},
		"x/@":                    {"x", "", "@"},
		strings.Repeat("z", 64):  {strings.Repeat("z", 64), "", ""},
		"0-9":                    {"0-9", "", ""},
		"x@1.0.0-rc.1+build/é ü": {"x", "1.0.0-rc.1+build", "é ü"},
	} {
		got, err := ParseName(text)
		if err != nil || got != want {
			t.Errorf("ParseName(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%+v prints %q, want %q", got, got.String(), text)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	for _, text := range []string{
		"", "@1", "/i", "X", "a.b", "a_b", "a b", "é", "..", "x@", "x/", "x@/i", "x@1/", "x/a\x00b", "x@1\x00", strings.Repeat("z", 65),
	} {
		n, err := ParseName(text)
		if n != (Name{}) || !errors.Is(err, &Error{Code: CodeUnknownService}) {
			t.Errorf("ParseName(%q) = %+v, %v", text, n, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{"x", "x@1", "x/i", "x@1/i/j", "x@@//", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := ParseName(text)
		if err != nil {
			return
		}
		if n.String() != text {
			t.Errorf("%q is read as %+v and printed as %q", text, n, n.String())
		}
		if !ValidService(n.Service) || strings.ContainsAny(n.Version, "/\x00") {
			t.Errorf("%q is read as %+v", text, n)
		}
	})
}
