//go:build linux

package backend

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/record"
)

// roleVariable makes the test binary a daemon.
const roleVariable = "BACKEND_TEST_ROLE"

func TestMain(m *testing.M) {
	daemons := map[string]func(){
		"echo": Main[echo], "trace": Main[trace], "web": Main[web], "warm": Main[warm], "many": Main[many], "own loop": Main[ownLoop],
		"failing load": Main[failingLoad], "panicking load": Main[panickingLoad],
		"early": Main[early], "panic": Main[panicking],
		"hanging bind": Main[hangingBind], "panicking bind": Main[panickingBind], "failing bind": Main[failingBind],
		"nil bind": Main[nilBind], "elsewhere": Main[elsewhere],
	}
	if daemon := daemons[os.Getenv(roleVariable)]; daemon != nil {
		daemon()
	}
	if path := os.Getenv("BACKEND_TEST_CLIENT"); path != "" {
		client(path)
	}
	goleak.VerifyTestMain(m)
}

// client connects, and reports whether it got anything.
func client(path string) {
	c, err := net.Dial("unix", path)
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(0)
	}
	fmt.Fprintln(c, "hello")
	data, err := io.ReadAll(c)
	fmt.Printf("got %q, %v\n", data, err)
	os.Exit(0)
}

func say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func bindAndSay(e Endpoint) (net.Listener, error) {
	say("bind")
	return Listen(e)
}

// echo answers lines, says what it sees of its surroundings, and on the line "hold" keeps
// the client until it is sent another.
type echo struct{}

func (echo) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (echo) Serve(ctx context.Context, l net.Listener) error {
	say("serve")
	return ServeConns(ctx, l, func(_ context.Context, c net.Conn) error { return answer(c) })
}

func answer(c net.Conn) error {
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		switch line {
		case "hold\n":
			say("holding")
			continue
		case "environment\n":
			line = strings.Join(os.Environ(), " ") + "\n"
		case "flags\n":
			line = descriptorFlags()
		}
		_, err = io.WriteString(c, line)
		return err
	}
}

// descriptorFlags lists descriptors above 2 that children would inherit.
func descriptorFlags() string {
	var inheritable []string
	for fd := 3; fd < 64; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			inheritable = append(inheritable, fmt.Sprint(" ", fd))
		}
	}
	return "inheritable:" + strings.Join(inheritable, "") + "\n"
}

// trace says what is true when each step begins.
type trace struct{}

func (trace) Bind(e Endpoint) (net.Listener, error) {
	say("bind, record %s", phaseOnDisk())
	return Listen(e)
}

func (trace) Serve(ctx context.Context, l net.Listener) error {
	say("serve, record %s, generation %d", phaseOnDisk(), Generation(ctx))
	<-ctx.Done()
	return nil
}

// phaseOnDisk is the phase of the only record in the directory TRACE_DIR, and whether
// its lock is held.
func phaseOnDisk() string {
	entries, err := record.List(os.Getenv("TRACE_DIR"))
	if err != nil || len(entries) != 1 || entries[0].Err != nil {
		return fmt.Sprintf("none (%d, %v)", len(entries), err)
	}
	held, err := record.Vouched(entries[0].LockPath)
	return fmt.Sprintf("%s, locked %v (%v)", entries[0].Record.Phase, held, err)
}

// web is an http.Server whose answers wait for the file WEB_GO to be opened.
type web struct{}

func (web) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (web) Serve(ctx context.Context, l net.Listener) error {
	return ServeUntil(ctx, l, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			say("holding")
			f, err := os.Open(os.Getenv("WEB_GO")) // a FIFO: waits for its writer
			if err == nil {
				f.Close()
			}
		}
		fmt.Fprintln(w, "web")
	})})
}

// many serves all its listeners, and says on which a client came.
type many struct{}

func (many) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (many) Serve(ctx context.Context, _ net.Listener) error {
	var all sync.WaitGroup
	for _, l := range Listeners(ctx) {
		all.Go(func() {
			_ = ServeConns(ctx, l, func(_ context.Context, c net.Conn) error {
				_, err := fmt.Fprintln(c, l.Name, c.LocalAddr().Network())
				return err
			})
		})
	}
	all.Wait()
	return nil
}

// ownLoop uses nothing that helps, not even Ready.
type ownLoop struct{}

func (ownLoop) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (ownLoop) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		_ = answer(c)
		c.Close()
	}
}

// warm loads two things, each until a line comes on its connection.
type warm struct{}

func (warm) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (warm) Serve(ctx context.Context, l net.Listener) error {
	gates := map[string]chan string{"a": make(chan string), "b": make(chan string)}
	wait := func(gate chan string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			select {
			case s := <-gate:
				return s, nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
	}
	a, b := Load(ctx, wait(gates["a"])), Load(ctx, wait(gates["b"]))
	_ = Status(ctx, "loading a and b")
	return ServeConns(ctx, l, func(ctx context.Context, c net.Conn) error {
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil {
			return err
		}
		if gate, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			gates[gate] <- value
			return nil
		}
		va, err := a.Get(ctx)
		if err != nil {
			return err
		}
		vb, err := b.Get(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c, va+vb)
		return err
	})
}

type failingLoad struct{}

func (failingLoad) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (failingLoad) Serve(ctx context.Context, l net.Listener) error {
	Load(ctx, func(context.Context) (int, error) { return 0, errors.New("the index is from another age") })
	return ServeConns(ctx, l, func(context.Context, net.Conn) error { return nil })
}

type panickingLoad struct{}

func (panickingLoad) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (panickingLoad) Serve(ctx context.Context, l net.Listener) error {
	st := Load(ctx, func(context.Context) (int, error) { panic("nil map, say") })
	_, err := st.Get(ctx)
	<-ctx.Done()
	return err
}

type early struct{}

func (early) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (early) Serve(context.Context, net.Listener) error { return nil }

type panicking struct{}

func (panicking) Bind(e Endpoint) (net.Listener, error) { return bindAndSay(e) }

func (panicking) Serve(context.Context, net.Listener) error { panic("out of cheese") }

func sayServed() error {
	say("serve")
	return nil
}

type hangingBind struct{}

func (hangingBind) Serve(context.Context, net.Listener) error { return sayServed() }

func (hangingBind) Bind(Endpoint) (net.Listener, error) {
	select {} // what a Bind must not do
}

type panickingBind struct{}

func (panickingBind) Serve(context.Context, net.Listener) error { return sayServed() }

func (panickingBind) Bind(Endpoint) (net.Listener, error) { panic("no state here") }

type failingBind struct{}

func (failingBind) Serve(context.Context, net.Listener) error { return sayServed() }

func (failingBind) Bind(Endpoint) (net.Listener, error) { return nil, errors.New("policy says no") }

type nilBind struct{}

func (nilBind) Serve(context.Context, net.Listener) error { return sayServed() }

func (nilBind) Bind(Endpoint) (net.Listener, error) { return nil, nil }

type elsewhere struct{}

func (elsewhere) Serve(context.Context, net.Listener) error { return sayServed() }

func (elsewhere) Bind(e Endpoint) (net.Listener, error) {
	other, err := ParseEndpoint(e.String() + "x")
	if err != nil {
		return nil, err
	}
	return Listen(other)
}
