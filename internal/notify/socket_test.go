//go:build unix

package notify

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("NOTIFY_TEST_SEND_AS_NOBODY"); path != "" {
		if err := Send(path, "STATUS=I am a stranger"); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func socketPath(t *testing.T) string {
	dir, err := os.MkdirTemp("", "d") // t.TempDir is too long for sun_path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "notify")
}

func listenAt(t *testing.T, path string) *Socket {
	t.Helper()
	s, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func receive(t *testing.T, s *Socket) Message {
	t.Helper()
	m, err := s.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReceiveNamesTheSender(t *testing.T) {
	s := listenAt(t, socketPath(t))
	if err := Send(s.Path(), "READY=1", Text("STATUS", "warm")); err != nil {
		t.Fatal(err)
	}
	m := receive(t, s)
	if !m.Ready || m.Status != "warm" || m.PID != os.Getpid() || m.UID != uint32(os.Geteuid()) {
		t.Errorf("got %+v", m)
	}
}

func TestListenIsPrivateFromTheStart(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	s := listenAt(t, socketPath(t))
	info, err := os.Lstat(s.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestListenReplacesOnlyWhatNobodyReads(t *testing.T) {
	path := socketPath(t)
	first := listenAt(t, path)
	if _, err := Listen(path); !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("with a reader: %v, want EADDRINUSE", err)
	}
	first.Close()
	second := listenAt(t, path)
	if err := Send(path, "READY=1"); err != nil {
		t.Fatal(err)
	}
	if !receive(t, second).Ready {
		t.Error("the successor did not get the message")
	}
}

func TestListenLeavesAStrangersFileAlone(t *testing.T) {
	path := socketPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Listen(path); err == nil {
		s.Close()
		t.Fatal("a regular file was replaced")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
		t.Fatalf("%q, %v", data, err)
	}
}

func TestASuccessorInheritsTheQueue(t *testing.T) {
	path := socketPath(t)
	first := listenAt(t, path)
	if err := Send(path, "READY=1"); err != nil {
		t.Fatal(err)
	}
	f, err := first.File()
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	second, err := FromFile(f, path)
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if m := receive(t, second); !m.Ready || m.PID != os.Getpid() {
		t.Errorf("got %+v", m)
	}
}

func TestStoredDescriptorsArriveAndOthersAreClosed(t *testing.T) {
	s := listenAt(t, socketPath(t))
	for _, c := range []struct {
		lines []string
		kept  bool
	}{
		{[]string{"FDSTORE=1", "FDNAME=pipe"}, true},
		{[]string{"BARRIER=1"}, false},
		{[]string{"STATUS=look what I brought"}, false},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := SendFiles(s.Path(), []int{int(w.Fd())}, c.lines...); err != nil {
			t.Fatal(err)
		}
		w.Close()
		m := receive(t, s)
		if c.kept != (len(m.Files) == 1) {
			t.Fatalf("%v: files %v", c.lines, m.Files)
		}
		closeAll(m.Files)
		// End of file comes only when no copy of w is left anywhere.
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%v: %v, want EOF", c.lines, err)
		}
		r.Close()
	}
}

func TestMessagesThatAreTooLongAreDropped(t *testing.T) {
	s := listenAt(t, socketPath(t))
	if err := send(s.Path(), []byte("STATUS="+strings.Repeat("x", MaxSize)), nil); err != nil {
		t.Fatal(err)
	}
	if err := Send(s.Path(), "STATUS=next"); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, s); m.Status != "next" || s.Dropped() != 1 {
		t.Errorf("got %+v, %d dropped", m, s.Dropped())
	}
}

func TestStrangersAreDropped(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to send as another user")
	}
	path := socketPath(t)
	s := listenAt(t, path)
	// Open what the mode closes, so that only the check of the uid is left.
	if err := errors.Join(os.Chmod(path, 0o666), os.Chmod(filepath.Dir(path), 0o755)); err != nil {
		t.Fatal(err)
	}
	if out, err := asNobody(t, path); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := Send(path, "STATUS=it is me"); err != nil {
		t.Fatal(err)
	}
	if m := receive(t, s); m.Status != "it is me" || s.Dropped() != 1 {
		t.Errorf("got %+v, %d dropped", m, s.Dropped())
	}
}

// asNobody runs this test binary as uid 65534; it is copied to where that user
// may read it.
func asNobody(t *testing.T, path string) ([]byte, error) {
	exe, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(path), "stranger")
	if err := os.WriteFile(program, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = []string{"NOTIFY_TEST_SEND_AS_NOBODY=" + path}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd.CombinedOutput()
}

func TestCloseEndsReceive(t *testing.T) {
	s := listenAt(t, socketPath(t))
	got := make(chan error, 1)
	go func() {
		_, err := s.Receive()
		got <- err
	}()
	s.Close()
	if err := <-got; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
}

func TestSendFailsWhenNobodyListens(t *testing.T) {
	s := listenAt(t, socketPath(t))
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := Send(s.Path(), "READY=1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
	if err := Send("vsock:2:1234", "READY=1"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want unsupported", err)
	}
	if err := Send(s.Path(), "READY=1\nSTATUS=smuggled"); err == nil {
		t.Error("a line with a line break was sent")
	}
}

func TestSendReachesAnAbstractName(t *testing.T) {
	name := "@daemonry-notify-test-" + filepath.Base(filepath.Dir(socketPath(t)))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := Send(name, "READY=1"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "READY=1" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// A receiver that does not read must not hold its senders for ever.
func TestSendGivesUp(t *testing.T) {
	s := listenAt(t, socketPath(t))
	for i := range 100_000 {
		err := Send(s.Path(), "STATUS=again")
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Logf("the queue took %d messages", i)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Skip("the system queues more than 100,000 messages")
}

func TestNoDescriptorLeaks(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	path := socketPath(t)
	before := count()
	for range 20 {
		s := listenAt(t, path)
		if err := SendFiles(path, []int{0, 1, 2}, "READY=1"); err != nil {
			t.Fatal(err)
		}
		receive(t, s)
		s.Remove()
	}
	if after := count(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}
