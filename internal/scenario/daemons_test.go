//go:build linux

package scenario

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/daemonry/daemonry"
	"github.com/daemonry/daemonry/backend"
)

// plainDaemon knows nothing of Daemonry, only systemd's LISTEN_FDS. To every
// connection it says "PID GENERATION\n", then echoes.
func plainDaemon() {
	flags := flag.NewFlagSet("plaind", flag.ExitOnError)
	warm := flags.Duration("warm", 0, "how long to load before the first accept")
	status := flags.String("status", "", "say this on the notify socket while loading, and READY=1 after")
	waitWhile := flags.String("wait-while", "", "do not accept as long as this file exists")
	fail := flags.Int("fail", -1, "print a line and exit with this code at once")
	failFile := flags.String("fail-while", "", "fail as long as this file exists")
	report := flags.String("report", "", "write what was inherited to this file")
	first := flags.Bool("exit-after-first", false, "exit 3 after the first connection")
	bind := flags.String("bind", "", "bind this path in the place of descriptor 3")
	listenAfter := flags.Duration("listen-after", 0, "the pause between bind and listen; negative: never listen")
	undumpable := flags.Bool("undumpable", false, "nobody may look at descriptors")
	shutdown := flags.Bool("shutdown-on-term", false, "call shutdown on the listener, then exit")
	child := flags.Bool("child", false, "leave a child behind that ignores SIGTERM")
	mood := moodOf(flags)
	_ = flags.Parse(os.Args[1:])
	if *report != "" {
		writeReport(*report)
	}
	if *undumpable {
		becomeUndumpable()
	}
	if *child {
		leaveChild()
	}
	if *failFile != "" {
		if _, err := os.Stat(*failFile); err == nil {
			*fail = 7
		}
	}
	if *fail >= 0 {
		fmt.Fprintln(os.Stderr, "plaind: the index is damaged")
		os.Exit(*fail)
	}
	fmt.Fprintln(os.Stderr, "plaind: loading")
	if *status != "" {
		tell("STATUS=" + *status)
	}
	<-time.After(*warm)
	if *status != "" {
		tell("READY=1")
	}
	for *waitWhile != "" {
		if _, err := os.Stat(*waitWhile); err != nil {
			break
		}
		<-time.After(5 * time.Millisecond)
	}
	file := os.NewFile(3, "listener")
	if *bind != "" {
		file = bindAndListen(*bind, *listenAfter)
	}
	fmt.Fprintln(os.Stderr, "plaind: listening on", nameOf(file))
	if *shutdown {
		go shutdownOnTerm(file)
	}
	l, err := net.FileListener(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "plaind:", err)
		os.Exit(1)
	}
	for taken := 1; ; taken++ {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		fmt.Fprintln(conn, os.Getpid(), os.Getenv("DAEMONRY_GENERATION"))
		if *first {
			os.Exit(3)
		}
		go func() { _, _ = io.Copy(conn, conn); conn.Close() }()
		mood.after(taken)
	}
}

// tell says one line on the notify socket, as any program does.
func tell(line string) {
	conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "plaind:", err)
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(line))
}

// leaveChild starts a process of the same generation that holds its lock and
// does not go by itself.
func leaveChild() {
	cmd := exec.Command("/bin/sh", "-c", "trap '' TERM; while :; do sleep 60 & wait; done")
	cmd.ExtraFiles = []*os.File{os.NewFile(4, "lock")}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "plaind:", err)
	}
}

// writeReport writes what a daemon was given: one fact a line.
func writeReport(path string) {
	var b strings.Builder
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		target, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		fmt.Fprintf(&b, "fd %s %s\n", e.Name(), target)
	}
	for _, e := range os.Environ() {
		fmt.Fprintln(&b, "env", e)
	}
	dir, _ := os.Getwd()
	mask := syscall.Umask(0)
	syscall.Umask(mask)
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	status, _ := os.ReadFile("/proc/self/status")
	limits, _ := os.ReadFile("/proc/self/limits")
	session, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0)
	fmt.Fprintf(&b, "dir %s\numask %03o\nsid %d pid %d pgid %d\n", dir, mask, session, os.Getpid(), syscall.Getpgrp())
	b.Write(status)
	b.Write(limits)
	_ = os.WriteFile(path+".tmp", []byte(b.String()), 0o600)
	_ = os.Rename(path+".tmp", path)
}

// echo is a daemon of the SDK: it warms for WARM, then answers as plaind does.
type echo struct{}

func (echo) Bind(e backend.Endpoint) (net.Listener, error) { return backend.Listen(e) }

func (echo) Serve(ctx context.Context, l net.Listener) error {
	state := backend.Load(ctx, func(ctx context.Context) (string, error) {
		warm, _ := time.ParseDuration(os.Getenv("WARM"))
		backend.Status(ctx, "loading the index")
		select {
		case <-time.After(warm):
		case <-ctx.Done():
		}
		return strconv.Itoa(os.Getpid()) + " " + os.Getenv("DAEMONRY_GENERATION"), nil
	})
	return backend.ServeConns(ctx, l, func(ctx context.Context, conn net.Conn) error {
		who, err := state.Get(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(conn, who)
		_, err = io.Copy(conn, conn)
		return err
	})
}

func sdkDaemon() {
	if os.Getenv("UNDUMPABLE") != "" {
		becomeUndumpable()
	}
	backend.Main[echo]()
}

// client dials a service, prints the first line of the answer, and with -hold
// stays until its standard input ends.
func client() {
	flags := flag.NewFlagSet("client", flag.ExitOnError)
	hold := flags.Bool("hold", false, "keep the connection until standard input ends")
	count := flags.Int("n", 1, "how many connections at once")
	_ = flags.Parse(os.Args[1:])
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var wg sync.WaitGroup
	for range *count {
		wg.Go(func() {
			conn, err := daemonry.Dial(ctx, flags.Arg(0))
			if err != nil {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			defer conn.Close()
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				fmt.Println("error:", err)
				os.Exit(1)
			}
			fmt.Print(line)
			if *hold {
				_, _ = io.Copy(io.Discard, os.Stdin)
			}
		})
	}
	wg.Wait()
}
