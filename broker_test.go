//go:build linux

package daemonry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/daemonry/daemonry/internal/endpoint"
	"golang.org/x/sys/unix"
)

const (
	brokerVariable = "DAEMONRY_TEST_BROKER" // what the re-executed broker does: see beBroker
	clientVariable = "DAEMONRY_TEST_CLIENT" // the service that the re-executed client dials
	startsFile     = "/starts"              // in the runtime directory: a line for each broker that was started
)

// brokerStart is what a broker notes of itself when it starts.
type brokerStart struct {
	PID, Parent, Session int
	Dir                  string
	Args, Env            []string
	Files                []string // what descriptors 0 to 4 are
}

// beBroker is a broker as far as starting one goes. It notes its start, and then
//
//	serve    answers Resolve with the endpoint of a service that echoes
//	die N    takes N connections, prints its last words and exits
//	silent   exits without a word
//	hang     never answers
//	drop N   hangs up on the first N connections, then serves
func beBroker() int {
	dirs, err := endpoint.Locate()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	control, err := endpoint.FromFD(3)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	noteStart(dirs)
	kind, count := os.Getenv(brokerVariable), 0
	fmt.Sscanf(kind, "die %d", &count)
	fmt.Sscanf(kind, "drop %d", &count)
	for range count {
		fd, err := control.Accept()
		if err != nil {
			return 1
		}
		if strings.HasPrefix(kind, "drop") {
			unix.Close(fd)
		}
	}
	switch {
	case strings.HasPrefix(kind, "die"):
		fmt.Println("warming up")
		fmt.Println("boom: no space left")
		return 1
	case kind == "silent":
		return 1
	case kind == "hang":
		select {}
	}
	return serve(dirs, control)
}

func noteStart(dirs endpoint.Dirs) {
	session, _ := unix.Getsid(0)
	dir, _ := os.Getwd()
	start := brokerStart{
		PID: os.Getpid(), Parent: os.Getppid(), Session: session, Dir: dir, Args: os.Args, Env: os.Environ(),
	}
	for fd := range 5 {
		to, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		start.Files = append(start.Files, to)
	}
	line, _ := json.Marshal(start)
	f, err := os.OpenFile(dirs.Runtime+startsFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		f.Write(append(line, '\n'))
		f.Close()
	}
}

// serve answers for every service with the endpoint of one that echoes.
func serve(dirs endpoint.Dirs, control *endpoint.Listener) int {
	echo, err := echoListener(dirs)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go echoAll(echo)
	l, err := goListener(control)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	os.Remove(dirs.StartLog())
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"service":"echo","network":"unix","address":%q,"state":"ready","ready":true,"generation":"1","revision":"7"}`, echo.Addr())
	}))
	return 0
}

func echoListener(dirs endpoint.Dirs) (net.Listener, error) {
	path, err := endpoint.Path(dirs.Runtime, "echo", "", "")
	if err != nil {
		return nil, err
	}
	if err := endpoint.RemoveStale(path); err != nil {
		return nil, err
	}
	raw, err := endpoint.ListenUnix(path, endpoint.Backlog())
	if err != nil {
		return nil, err
	}
	return goListener(raw)
}

func goListener(raw *endpoint.Listener) (net.Listener, error) {
	f := os.NewFile(uintptr(raw.FD()), raw.Address())
	defer f.Close()
	return net.FileListener(f)
}

func echoAll(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn)
		}()
	}
}

// echoes sends a byte and wants it back.
func echoes(conn net.Conn) error {
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

// beClient dials a service from a process of its own.
func beClient(service string) int {
	conn, err := Dial(context.Background(), service)
	if err == nil {
		err = echoes(conn)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// useBroker makes the test binary the broker, of a kind that beBroker knows, and
// ends all that were started when the test does.
func useBroker(t *testing.T, kind string) endpoint.Dirs {
	t.Helper()
	runtime := runtimeDir(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DAEMONRY_BROKER", self)
	t.Setenv(brokerVariable, kind)
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	dirs := endpoint.Dirs{Runtime: runtime}
	t.Cleanup(func() { killBrokers(t, dirs) })
	return dirs
}

func started(t *testing.T, dirs endpoint.Dirs) []brokerStart {
	t.Helper()
	text, err := os.ReadFile(dirs.Runtime + startsFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		t.Fatal(err)
	}
	var starts []brokerStart
	for line := range strings.Lines(string(text)) {
		var s brokerStart
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatal(err)
		}
		starts = append(starts, s)
	}
	return starts
}

// killBrokers kills every broker that still is one of ours, and waits until the
// lock is free, which is when it has ended.
func killBrokers(t *testing.T, dirs endpoint.Dirs) {
	t.Helper()
	for _, s := range started(t, dirs) {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.PID))
		if err == nil && slices.Equal(strings.Split(strings.TrimSuffix(string(args), "\x00"), "\x00"), s.Args) {
			syscall.Kill(s.PID, syscall.SIGKILL)
		}
	}
	lock, err := os.OpenFile(dirs.Lock(), os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Error(err)
	}
}
