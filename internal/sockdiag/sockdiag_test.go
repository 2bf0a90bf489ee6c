//go:build linux

package sockdiag

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestPending(t *testing.T) {
	l := listening(t, directory(t), "x", 10)
	same := func(when string, want Socket) {
		t.Helper()
		got := l.look()
		if want := inode(t, l.fd); got.Own != want {
			t.Errorf("%s: the socket itself is %d, want %d", when, got.Own, want)
		}
		if got.Pending != want.Pending || got.Head != want.Head || !slices.Equal(got.Icons, want.Icons) {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
	}
	same("nobody", Socket{})
	fd1, ino1 := l.connect()
	_, ino2 := l.connect()
	fd3, ino3 := l.connect()
	same("three wait", Socket{Pending: 3, Head: uint64(ino1), Icons: []uint32{ino1, ino2, ino3}})
	unix.Close(fd1)
	same("the first has gone", Socket{Pending: 3, Head: uint64(ino2), Icons: []uint32{0, ino2, ino3}})
	unix.Close(fd3)
	same("and the last", Socket{Pending: 3, Head: uint64(ino2), Icons: []uint32{0, ino2, 0}})
	l.accept()
	same("one was accepted", Socket{Pending: 2, Head: uint64(ino2), Icons: []uint32{ino2, 0}})
	l.accept()
	same("two were accepted", Socket{Pending: 1, Head: 0, Icons: []uint32{0}})
	l.accept()
	same("all were accepted", Socket{})
}

func TestConnections(t *testing.T) {
	l := listening(t, directory(t), "x", 10)
	same := func(when string, want uint32) {
		t.Helper()
		if got := l.accepted(); got != want {
			t.Errorf("%s: %d accepted, want %d", when, got, want)
		}
	}
	client, _ := l.connect()
	l.connect()
	l.connect()
	same("three wait", 0)
	first, second := l.accept(), l.accept()
	same("two were accepted", 2)
	unix.Close(client)
	same("a client has gone", 2)
	unix.Close(first)
	same("and its server's end is closed", 1)
	unix.Close(l.fd)
	counts, err := Connections()
	ok(t, err)
	file, err := Of(second) // an accepted socket has the file of its listener
	ok(t, err)
	if counts[file] != 1 {
		t.Errorf("after the listener was closed: %d, want 1", counts[file])
	}
}

func TestSurvivesRenameAndUnlink(t *testing.T) {
	l := listening(t, directory(t), "x", 10)
	file := l.file()
	if got, err := OfPath(l.path); err != nil || got != file {
		t.Errorf("by its path %+v, %v; want %+v", got, err, file)
	}
	l.connect()
	l.connect()
	l.accept()
	same := func(when string) {
		t.Helper()
		if l.file() != file || l.look().Pending != 1 || l.accepted() != 1 {
			t.Errorf("%s: %+v, %+v, %d accepted", when, l.file(), l.look(), l.accepted())
		}
	}
	same("at first")
	renamed := l.path + ".renamed"
	ok(t, os.Rename(l.path, renamed))
	same("renamed")
	if got, err := OfPath(renamed); err != nil || got != file {
		t.Errorf("by its new path %+v, %v; want %+v", got, err, file)
	}
	other := listening(t, directory(t), "x", 10)
	ok(t, os.Rename(other.path, renamed)) // over it
	same("replaced")
	ok(t, os.Remove(renamed))
	same("unlinked")
	if s := other.look(); s.Pending != 0 || other.file() == file {
		t.Errorf("the other one: %+v", s)
	}
}

func TestOthersAreLeftOut(t *testing.T) {
	dir := directory(t)
	l := listening(t, dir, "x", 10)
	datagram := bound(t, dir, "dgram", unix.SOCK_DGRAM)
	peer := bound(t, dir, "peer", unix.SOCK_DGRAM)
	ok(t, unix.Connect(datagram.fd, &unix.SockaddrUnix{Name: peer.path}))
	idle := bound(t, dir, "bound", unix.SOCK_STREAM) // does not listen
	counts, err := Connections()
	ok(t, err)
	table, err := Listeners()
	ok(t, err)
	for _, other := range []listener{datagram, peer, idle} {
		_, found := table[other.file()]
		if n := counts[other.file()]; n != 0 || found {
			t.Errorf("%s: %d connections, listens: %v", other.path, n, found)
		}
	}
	if _, found := table[l.file()]; !found {
		t.Error("the listener is not in the table")
	}
}

// TestLongQueues: a dump must neither end early nor lose anybody.
func TestLongQueues(t *testing.T) {
	const clients, others = 4000, 300
	dir := directory(t)
	var long, short []listener
	heads := map[string]uint32{}
	for i := range 2 {
		l := listening(t, dir, fmt.Sprint("long", i), clients)
		_, heads[l.path] = l.connect()
		for range clients - 1 {
			l.connect()
		}
		long = append(long, l)
	}
	for i := range others {
		l := listening(t, dir, fmt.Sprint(i), 10)
		_, heads[l.path] = l.connect()
		short = append(short, l)
	}
	table, err := Listeners()
	ok(t, err)
	for _, l := range slices.Concat(long, short) {
		want := 1
		if slices.Contains(long, l) {
			want = clients
		}
		s := table[l.file()]
		if int(s.Pending) != want || s.Head != uint64(heads[l.path]) || len(s.Icons) != want {
			t.Errorf("%s: %d pending, head %d, %d clients; want %d, head %d", l.path, s.Pending, s.Head, len(s.Icons), want, heads[l.path])
		}
	}
	for _, l := range long {
		for range clients {
			l.accept()
		}
		if n := l.accepted(); n != clients {
			t.Errorf("%d accepted, want %d", n, clients)
		}
	}
}

// TestLongQueueComesFirst has a network namespace with nothing else in it, where
// the first entry of a dump is one that does not fit into the kernel's first page.
func TestLongQueueComesFirst(t *testing.T) {
	const clients = 4000
	apart := make(chan error)
	var l listener
	var table Table
	go func() {
		defer close(apart)
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			l = listening(t, directory(t), "x", clients)
			for range clients {
				l.connect()
			}
			table, err = Listeners()
			l.ino = l.file()
		}
		apart <- err
	}()
	if err := <-apart; errors.Is(err, unix.EPERM) {
		t.Skip("only a privileged process can have a network namespace: ", err)
	} else {
		ok(t, err)
	}
	if s := table[l.ino]; len(table) != 1 || s.Pending != clients || len(s.Icons) != clients {
		t.Errorf("%d listeners; %d pending, %d clients; want 1, %d and %d", len(table), s.Pending, len(s.Icons), clients, clients)
	}
}

func TestTCPPending(t *testing.T) {
	fd := socket(t, unix.AF_INET, unix.SOCK_STREAM)
	if _, err := TCPPending(fd); err == nil {
		t.Error("a socket that does not listen has a queue")
	}
	ok(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	ok(t, unix.Listen(fd, 10))
	address, err := unix.Getsockname(fd)
	ok(t, err)
	for want := range uint32(4) {
		got, err := TCPPending(fd)
		if err != nil || got != want {
			t.Errorf("%d pending, %v; want %d", got, err, want)
		}
		ok(t, unix.Connect(socket(t, unix.AF_INET, unix.SOCK_STREAM), address))
	}
	if _, err := TCPPending(bound(t, directory(t), "x", unix.SOCK_STREAM).fd); err == nil {
		t.Error("a unix socket has a TCP queue")
	}
}

func TestErrors(t *testing.T) {
	dir := directory(t)
	before := descriptors(t)
	for name, fd := range map[string]int{
		"not a socket": 0, "closed": 1 << 20,
		"TCP": socket(t, unix.AF_INET, unix.SOCK_STREAM), "not bound": socket(t, unix.AF_UNIX, unix.SOCK_STREAM),
	} {
		if file, err := Of(fd); err == nil {
			t.Errorf("%s: %+v", name, file)
		}
	}
	if _, err := OfPath(dir); err == nil {
		t.Error("a directory is a socket")
	}
	if _, err := OfPath(dir + "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing path: %v", err)
	}
	if after := descriptors(t); after != before+2 { // the two sockets above
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestManyAtOnce(t *testing.T) {
	l := listening(t, directory(t), "x", 10)
	l.connect()
	l.connect()
	l.accept()
	file := l.file()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				table, err := Listeners()
				counts, err2 := Connections()
				if err != nil || err2 != nil || table[file].Pending != 1 || counts[file] != 1 {
					t.Errorf("%+v, %v; %d, %v", table[file], err, counts[file], err2)
				}
			}
		})
	}
	wg.Wait()
}
