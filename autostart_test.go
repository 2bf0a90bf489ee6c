//go:build linux

package daemonry

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/daemonry/daemonry/internal/endpoint"
)

// together runs n calls at the same moment and returns their errors.
func together(n int, call func() error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	gate := make(chan struct{})
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			errs[i] = call()
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
	return errs
}

func dialEcho() error {
	conn, err := Dial(context.Background(), "echo")
	if err != nil {
		return err
	}
	return echoes(conn)
}

// TestAutostartStorm is the client's half of S1 and S6.
func TestAutostartStorm(t *testing.T) {
	wantNoLeak(t)
	dirs := useBroker(t, "serve")
	if err := errors.Join(together(150, dialEcho)...); err != nil {
		t.Error(err)
	}
	if n := len(started(t, dirs)); n != 1 {
		t.Fatalf("%d brokers were started, want 1", n)
	}
	killBrokers(t, dirs)
	if err := errors.Join(together(150, dialEcho)...); err != nil {
		t.Error(err)
	}
	if n := len(started(t, dirs)); n != 2 {
		t.Errorf("%d brokers were started, want one more after the first was killed", n)
	}
}

// TestAutostartStormOfProcesses has the clients in processes of their own.
func TestAutostartStormOfProcesses(t *testing.T) {
	dirs := useBroker(t, "serve")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(clientVariable, "echo")
	errs := together(100, func() error {
		out, err := exec.Command(self).CombinedOutput()
		if err != nil {
			return errors.New(string(out) + err.Error())
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if n := len(started(t, dirs)); n != 1 {
		t.Errorf("%d brokers were started, want 1", n)
	}
}

// TestAutostartAsOrdinaryUser has another user's clients make everything from
// nothing, under umask 0: root proves little about permissions.
func TestAutostartAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	const uid = 12345
	dirs := useBroker(t, "serve")
	root := filepath.Dir(dirs.Runtime)
	program := filepath.Join(root, "program")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(dirs.Runtime), os.WriteFile(program, self, 0o755), os.Chown(root, uid, uid),
		os.Chown(root+"/config", uid, uid), os.Chown(root+"/state", uid, uid)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAEMONRY_BROKER", program)
	t.Setenv(clientVariable, "echo")
	errs := together(20, func() error {
		cmd := exec.Command("/bin/sh", "-c", `umask 0; exec "$0"`, program)
		cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		if out, err := cmd.CombinedOutput(); err != nil {
			return errors.New(string(out) + err.Error())
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := len(started(t, dirs)); n != 1 {
		t.Errorf("%d brokers were started, want 1", n)
	}
	for path, want := range map[string]os.FileMode{
		dirs.Runtime: os.ModeDir | 0o700, dirs.Private(""): os.ModeDir | 0o700,
		dirs.Control(): os.ModeSocket | 0o600, dirs.Lock(): 0o600, dirs.Runtime + "/echo.sock": os.ModeSocket | 0o600,
	} {
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != want || info.Sys().(*syscall.Stat_t).Uid != uid {
			t.Errorf("%s: %v, %v, want mode %v of uid %d", path, info, err, want, uid)
		}
	}
	// Root is a user like any other: what is the stranger's is refused.
	wantError(t, closed(Dial(t.Context(), "echo")), CodeUnsafeEndpoint, "it belongs to uid 12345")
}

func TestAutostartInheritance(t *testing.T) {
	wantNoLeak(t)
	t.Setenv("LISTEN_FDS", "3")
	t.Setenv("NOTIFY_SOCKET", "/nonexistent")
	t.Setenv("DAEMONRY_RECORD", "/nonexistent")
	dirs := useBroker(t, "serve")
	conn, err := DialBroker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := dialEcho(); err != nil { // it serves, so it has noted its start
		t.Fatal(err)
	}
	s := started(t, dirs)[0]
	if s.Parent == os.Getpid() || s.Dir != "/" {
		t.Errorf("it is a child of %d (this is %d) in %s", s.Parent, os.Getpid(), s.Dir)
	}
	if own, err := syscall.Getpgid(0); err != nil || s.Session == own || s.Session == 0 {
		t.Errorf("its session is %d", s.Session)
	}
	if !slices.Equal(s.Args[1:], []string{"broker"}) {
		t.Errorf("its arguments are %q", s.Args)
	}
	wantFiles(t, dirs, s)
	wantEnv(t, s)
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("this process has a child %d (%v), want none", pid, err)
	}
	if _, err := endpoint.TryLock(dirs.Lock()); !errors.Is(err, endpoint.ErrLocked) {
		t.Errorf("the lock is not the broker's: %v", err)
	}
}

func wantFiles(t *testing.T, dirs endpoint.Dirs, s brokerStart) {
	t.Helper()
	want := []string{"/dev/null", dirs.StartLog(), dirs.StartLog(), "socket:", dirs.Lock()}
	for i, name := range want {
		if !strings.HasPrefix(s.Files[i], name) {
			t.Errorf("descriptor %d is %s, want %s", i, s.Files[i], name)
		}
	}
}

func wantEnv(t *testing.T, s brokerStart) {
	t.Helper()
	inherit := false
	for _, entry := range s.Env {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "LISTEN_") || name == "NOTIFY_SOCKET" || name == "DAEMONRY_RECORD" {
			t.Errorf("it was given %s", entry)
		}
		inherit = inherit || name == "DAEMONRY_INHERIT" && value == "1"
	}
	if !inherit {
		t.Error("it was not given DAEMONRY_INHERIT=1")
	}
}

// TestBrokerDiesStarting has every client connected before the broker dies: all
// are told why, and none starts it again.
func TestBrokerDiesStarting(t *testing.T) {
	wantNoLeak(t)
	const clients = 60
	dirs := useBroker(t, "die "+strconv.Itoa(clients))
	for _, err := range together(clients, dialEcho) {
		e := wantError(t, err, CodeBrokerUnavailable, "cannot dial echo: the broker ended while it was starting (last output: boom: no space left)")
		if e.Output != "warming up\nboom: no space left\n" {
			t.Errorf("output is %q", e.Output)
		}
	}
	if n := len(started(t, dirs)); n != 1 {
		t.Errorf("%d brokers were started, want 1", n)
	}
	// What was printed is old now: a new call is a new attempt.
	old := time.Now().Add(-time.Second)
	if err := os.Chtimes(dirs.StartLog(), old, old); err != nil {
		t.Fatal(err)
	}
	t.Setenv(brokerVariable, "serve")
	if err := dialEcho(); err != nil {
		t.Error(err)
	}
}

func TestBrokerDiesSilently(t *testing.T) {
	wantNoLeak(t)
	dirs := useBroker(t, "silent")
	wantError(t, dialEcho(), CodeBrokerUnavailable, "was started 3 times and ended without a word")
	if n := len(started(t, dirs)); n != startAttempts {
		t.Errorf("%d brokers were started, want %d", n, startAttempts)
	}
}

// TestBrokerHangsUp is a broker that is being replaced: clients start over.
func TestBrokerHangsUp(t *testing.T) {
	wantNoLeak(t)
	dirs := useBroker(t, "drop 5")
	if err := errors.Join(together(10, dialEcho)...); err != nil {
		t.Error(err)
	}
	if n := len(started(t, dirs)); n != 1 {
		t.Errorf("%d brokers were started, want 1", n)
	}
}

func TestBrokerHangs(t *testing.T) {
	wantNoLeak(t)
	useBroker(t, "hang")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Dial(ctx, "echo")
	wantError(t, err, CodeTimeout, "cannot dial echo: the deadline passed while waiting for the broker's answer")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not wrap the context's error", err)
	}
	cancelled, stop := context.WithCancelCause(t.Context())
	why := errors.New("the user pressed a key")
	time.AfterFunc(100*time.Millisecond, func() { stop(why) })
	_, err = Dial(cancelled, "echo", WaitReady(nil))
	wantError(t, err, CodeTimeout, "it was cancelled (the user pressed a key)")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap context.Canceled", err)
	}
}

// TestLockHeldByNobodyUseful is a lock whose holder never listens.
func TestLockHeldByNobodyUseful(t *testing.T) {
	wantNoLeak(t)
	dirs := useBroker(t, "serve")
	if err := endpoint.EnsureDir(dirs.Private("")); err != nil {
		t.Fatal(err)
	}
	lock, err := endpoint.TryLock(dirs.Lock())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = Dial(ctx, "echo")
	wantError(t, err, CodeTimeout, "waiting for the broker to start")
	c := &call{op: "dial", name: Name{Service: "echo"}, began: time.Now()}
	_, err = c.autostart(t.Context(), 100*time.Millisecond, dirs, "/bin/false")
	wantError(t, err, CodeBrokerUnavailable, "nobody listens on "+dirs.Control())
	// Its holder goes away while a client waits.
	result := make(chan error, 1)
	go func() { result <- dialEcho() }()
	lock.Close()
	if err := <-result; err != nil {
		t.Error(err)
	}
}
