//go:build linux

package conform

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/daemonry/daemonry/internal/notify"
)

// A player is the daemon of these tests. It knows LISTEN_FDS and DAEMONRY_ENDPOINT
// and nothing of our SDK, and answers each line with "echo: " and the line. Its
// role is a rule that it breaks.
type player struct {
	role     string
	dir      string // for what it keeps
	notify   string
	endpoint string
	listener net.Listener
	raw      int // the listener's descriptor
	serving  sync.WaitGroup
	first    chan struct{} // closed when the first client has gone
	once     sync.Once
	over     chan struct{} // closed when nothing is accepted any more
	open     atomic.Int32
}

func play(role string) {
	p := &player{over: make(chan struct{}), first: make(chan struct{}), role: role, dir: os.Getenv("DIR"), notify: os.Getenv("NOTIFY_SOCKET"), endpoint: os.Getenv("DAEMONRY_ENDPOINT")}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	switch role {
	case "default action":
		signal.Reset(syscall.SIGTERM)
	case "stubborn":
		stop = make(chan os.Signal)
	}
	p.before()
	p.take()
	p.after()
	if !p.is("silent", "speaks late") {
		p.say("STATUS=starting")
	}
	go p.accept()
	p.greet()
	<-stop
	p.end()
}

// greet announces readiness.
func (p *player) greet() {
	switch p.role {
	case "never ready", "silent":
	case "speaks late":
		<-p.first
		p.say("READY=1")
	case "crashes":
		<-p.first
		os.Exit(5)
	default:
		p.say("READY=1")
	}
}

// is reports whether the player has one of the roles.
func (p *player) is(roles ...string) bool {
	for _, role := range roles {
		if p.role == role {
			return true
		}
	}
	return false
}

func (p *player) say(line string) {
	if err := notify.Send(p.notify, line); err != nil && p.is("needs broker") {
		os.Exit(1)
	}
}

func fatal(words ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"player:"}, words...)...)
	os.Exit(1)
}

// never is for roles in which something does not come; SIGTERM ends it.
func never() {
	signal.Reset(syscall.SIGTERM)
	<-time.After(time.Hour)
}

// before is what a daemon does before it has its listener.
func (p *player) before() {
	switch p.role {
	case "exits":
		fatal("the index is damaged")
	case "never accepts", "never binds":
		never()
	case "binds late":
		<-time.After(time.Second)
	case "loads first", "loads beside":
		if p.is("loads first") {
			p.load()
			break
		}
		go p.load()
	case "exclusive":
		p.lock()
	case "pid file":
		p.pidFile()
	}
}

func (p *player) load() {
	if _, err := os.ReadFile(filepath.Join(p.dir, "state")); err != nil {
		fatal(err)
	}
}

// lock holds a lock that dies with the process.
func (p *player) lock() {
	f, err := os.OpenFile(filepath.Join(p.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		fatal(err)
	}
	fd, err := unix.Dup(int(f.Fd()))
	unix.CloseOnExec(fd)
	if err == nil {
		err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		fatal("another copy runs:", err)
	}
}

// pidFile refuses to start after a crash, as daemons with pid files do, but not beside
// another copy.
func (p *player) pidFile() {
	path := p.pidPath()
	if data, err := os.ReadFile(path); err == nil {
		pid, _ := strconv.Atoi(string(data))
		if st, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err != nil || mustStat(st).dead() {
			fatal("a pid file is left over, remove", path)
		}
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		fatal(err)
	}
}

func (p *player) pidPath() string { return filepath.Join(p.dir, "pid") }

func mustStat(data []byte) proc {
	st, err := parseStat(data)
	if err != nil {
		fatal(err)
	}
	return st
}

// take takes the listener, or makes it.
func (p *player) take() {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		p.raw = 3
		unix.CloseOnExec(p.raw)
		p.adopt()
		return
	}
	if p.is("no listen") {
		p.bindOnly()
	}
	path := p.endpoint
	if p.is("elsewhere") {
		path += ".too"
	}
	if p.is("no socket") {
		_ = os.WriteFile(path, nil, 0o600)
		never()
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		fatal(err)
	}
	p.listener = l
}

func (p *player) adopt() {
	if p.is("elsewhere") {
		if _, err := net.Listen("unix", p.endpoint+".too"); err != nil {
			fatal(err)
		}
		never()
	}
	l, err := net.FileListener(os.NewFile(uintptr(p.raw), "listener"))
	if err != nil {
		fatal(err)
	}
	p.listener = l
}

func (p *player) bindOnly() {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: p.endpoint})
	}
	if err != nil {
		fatal(err)
	}
	never()
}

// after is what a daemon does once it has its listener.
func (p *player) after() {
	switch p.role {
	case "second listener":
		p.listenToo("tcp", "127.0.0.1:0")
	case "second listener6":
		p.listenToo("tcp", "[::1]:0")
	case "abstract listener":
		p.listenToo("unix", "@"+filepath.Base(p.dir)+strconv.Itoa(os.Getpid()))
	case "chmod":
		_ = os.Chmod(p.endpoint, 0o777)
	case "quiet":
		null, err := unix.Open("/dev/null", unix.O_RDWR, 0)
		if err == nil {
			err = unix.Dup3(null, 2, 0)
		}
		if err != nil {
			fatal(err)
		}
	case "closed log":
		unix.Close(2)
	case "leaky", "child", "leaves a child":
		p.child()
	case "unlinks":
		_ = os.Remove(p.endpoint)
	case "early ready":
		p.say("READY=1")
		<-time.After(3 * time.Second)
	case "orphan":
		go p.watchParent()
	case "needs broker":
		go p.beat()
	}
}

func (p *player) listenToo(network, address string) {
	if _, err := net.Listen(network, address); err != nil {
		fatal(err)
	}
}

// child executes a program; a leaky player gives it the listener.
func (p *player) child() {
	raw, err := p.listener.(*net.UnixListener).SyscallConn()
	if err != nil {
		fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}}
		switch {
		case p.is("leaky"):
			attr.Files = append(attr.Files, fd)
		case p.is("leaves a child"): // in a session of its own, with the lock
			attr.Files = append(attr.Files, 4)
			attr.Sys = &syscall.SysProcAttr{Setsid: true}
		}
		var pid int
		if pid, err = syscall.ForkExec("/bin/sleep", []string{"sleep", "3600"}, attr); err == nil {
			p.note(pid)
		}
	})
	if err != nil {
		fatal(err)
	}
}

// note writes down the pid of a child.
func (p *player) note(pid int) {
	f, err := os.OpenFile(filepath.Join(p.dir, "children"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		fatal(err)
	}
	fmt.Fprintln(f, pid)
	f.Close()
}

func (p *player) watchParent() {
	for parent := os.Getppid(); ; <-time.After(5 * time.Millisecond) {
		if os.Getppid() != parent {
			os.Exit(0)
		}
	}
}

func (p *player) beat() {
	for range time.Tick(5 * time.Millisecond) {
		p.say("WATCHDOG=1")
	}
}

func (p *player) accept() {
	defer close(p.over)
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.serving.Add(1)
		go p.answer(c)
	}
}

// many is more than one client and less than come at once in the queue.
const many = 20

func (p *player) answer(c net.Conn) {
	defer p.serving.Done()
	defer p.once.Do(func() { close(p.first) })
	defer c.Close()
	defer p.open.Add(-1)
	if p.open.Add(1); p.is("drops the queue") {
		<-time.After(200 * time.Millisecond)
		if p.open.Load() > many {
			<-time.After(200 * time.Millisecond)
			return
		}
	}
	for in := bufio.NewScanner(c); in.Scan(); {
		answer := "echo: "
		if p.is("wrong answer") {
			answer = "what? "
		}
		fmt.Fprintln(c, answer+in.Text())
		if p.is("wrong answer") {
			return
		}
	}
}

// end is what a daemon does when it is told to stop.
func (p *player) end() {
	switch p.role {
	case "unlinks at the end":
		_ = os.Remove(p.endpoint)
	case "shuts down":
		_ = unix.Shutdown(p.raw, unix.SHUT_RDWR)
	case "abrupt":
		os.Exit(0)
	case "status":
		defer func() { os.Exit(3) }()
	case "drains badly":
		defer func() { os.Exit(4) }()
	case "pid file":
		_ = os.Remove(p.pidPath())
	}
	p.listener.Close()
	<-p.over
	if p.is("drains badly") && p.open.Load() == 0 {
		os.Exit(0)
	}
	p.serving.Wait()
}
