//go:build linux

package process

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// A socket is found by its inode, in the process that holds it and no other.
func TestDescriptor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // f is the only one
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	socket, self := uint32(st.Ino), os.Getpid()
	if fd, err := Descriptor(self, socket); err != nil || fd != int(f.Fd()) {
		t.Errorf("descriptor %d, %v, want %d", fd, err, f.Fd())
	}
	if fds, err := Sockets(self); err != nil || !slices.Contains(fds, int(f.Fd())) {
		t.Errorf("sockets %v, %v", fds, err)
	}
	if pids, err := SocketHolders(socket); err != nil || !slices.Equal(pids, []int{self}) {
		t.Errorf("holders %v, %v", pids, err)
	}
	f.Close()
	if fd, err := Descriptor(self, socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("descriptor %d, %v, want that there is none", fd, err)
	}
	if _, err := Descriptor(1<<22, socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no process: %v", err)
	}
}

// A session has its leader and what that started.
func TestSession(t *testing.T) {
	g := started(t, Spec{Argv: []string{"/bin/sh", "-c", "sleep 1000 & wait"}})
	if err := g.Open(); err != nil {
		t.Fatal(err)
	}
	pid := g.Process().Identity().PID
	for ctx := timeout(); ; {
		members, err := Session(pid)
		if err != nil {
			t.Fatal(err)
		}
		if len(members) == 2 && slices.Contains(members, pid) && !slices.Contains(members, os.Getpid()) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("session %v of %d", members, pid)
		}
	}
}

// A program is a file, whatever it is called by now.
func TestExecutable(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sleeper")
	data, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, data, 0o755); err != nil {
		t.Fatal(err)
	}
	g := started(t, Spec{Argv: []string{program, "1000"}})
	if err := g.Open(); err != nil {
		t.Fatal(err)
	}
	pid := g.Process().Identity().PID
	for ctx := timeout(); !Left(pid) && ctx.Err() == nil; {
	}
	before, err := Executable(pid)
	if there, aerr := At(program); err != nil || aerr != nil || before.Path != program || !before.Same(there) {
		t.Fatalf("%+v, %v; at its path %+v, %v", before, err, there, aerr)
	}
	if err := os.Rename(program, program+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, data, 0o755); err != nil {
		t.Fatal(err)
	}
	now, err := Executable(pid)
	if err != nil || !now.Same(before) {
		t.Errorf("%+v, %v; was %+v", now, err, before)
	}
	if there, err := At(program); err != nil || there.Same(now) {
		t.Errorf("the new file is taken for the one that is executed: %+v, %v", there, err)
	}
}
