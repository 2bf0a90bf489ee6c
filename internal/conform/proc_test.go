//go:build linux

package conform

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	p, err := parseStat([]byte("12 (a ) b) T 7 12 11 0 -1 4194368 1 2\n"))
	if want := (proc{pid: 12, parent: 7, group: 12, session: 11, state: 'T', forked: true}); err != nil || p != want {
		t.Errorf("%+v, %v, want %+v", p, err, want)
	}
	for _, bad := range []string{"", "12 T 7", "(x) S 1 2 3 0 0 0", "12 (x) SS 1 2 3 0 0 0", "12 (x) S 1 2 3", "12 (x) S 1 2 z 0 0 0"} {
		if p, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q became %+v", bad, p)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a ) b) T 7 12 11 0 -1 4194368 1 2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parseStat(data)
		if err == nil && p.state == 0 {
			t.Errorf("%q has no state", data)
		}
	})
}

func TestFamily(t *testing.T) {
	t.Parallel()
	all := []proc{
		{pid: 9, parent: 8}, // a grandchild, listed before its parent
		{pid: 5, parent: 1, group: 5, session: 5},
		{pid: 8, parent: 5},
		{pid: 6, parent: 1, session: 5},              // orphaned in the session
		{pid: 7, parent: 1, group: 5},                // orphaned in the group
		{pid: 10, parent: 5, state: 'Z'},             // dead
		{pid: 11, parent: 1, group: 11, session: 11}, // somebody else
	}
	var got []int
	for _, p := range family(all, 5) {
		got = append(got, p.pid)
	}
	slices.Sort(got)
	if want := []int{5, 6, 7, 8, 9}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The kernel's tables name the sockets that this process listens on, in the words
// that a person would use.
func TestListening(t *testing.T) {
	dir, err := os.MkdirTemp("", "d e") // a path may hold a space
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var want []string
	for _, at := range [][2]string{
		{"unix", filepath.Join(dir, "x.sock")},
		{"unix", fmt.Sprintf("@conform-test-%d", os.Getpid())},
		{"tcp", "127.0.0.1:0"},
		{"tcp", "[::1]:0"},
	} {
		l, err := net.Listen(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		want = append(want, at[0]+":"+l.Addr().String())
	}
	sockets, err := listening(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	open, err := socketsOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sockets {
		if open[s.inode] {
			got = append(got, s.String())
		}
	}
	for _, one := range want {
		if !slices.Contains(got, one) {
			t.Errorf("%s is not among %q", one, got)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	if got, err := parseAddress("0100007F:1F90"); err != nil || got != "127.0.0.1:8080" && got != "1.0.0.127:8080" {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{"", ":", "0100007F", "0100007F:", "01:1", "zz:1", "0100007F:10000", "01000000010000:1"} {
		if got, err := parseAddress(bad); err == nil {
			t.Errorf("%q became %s", bad, got)
		}
	}
}

func FuzzParseTables(f *testing.F) {
	f.Add("Num\n0000000000000000: 00000002 00000000 00010000 0001 01 25135 /run/x y\n")
	f.Add("sl\n 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1 0\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (socket, bool, error){parseUnix, parseTCP} {
			list, err := parseTable(text, parse)
			if err != nil && list != nil {
				t.Errorf("%q gave both %v and %v", text, list, err)
			}
			if len(list) > strings.Count(text, "\n")+1 {
				t.Errorf("%d sockets of %q", len(list), text)
			}
		}
	})
}

func FuzzParseSocketLink(f *testing.F) {
	f.Add("socket:[1234]")
	f.Fuzz(func(t *testing.T, target string) {
		if inode, ok := parseSocketLink(target); ok && !strings.Contains(target, "socket:[") {
			t.Errorf("%q became %d", target, inode)
		}
	})
}
