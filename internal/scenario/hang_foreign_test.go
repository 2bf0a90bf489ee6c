//go:build linux && foreign

package scenario

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// python writes a daemon in Python that knows LISTEN_FDS and nothing of us. To
// each connection it says "PID GENERATION\n", and it is in the way that its
// first argument says:
//
//	plain          it echoes until the client closes, each client in a thread
//	deadlock N     after N connections it waits for ever for a lock that it holds
const pythonDaemon = `import os, socket, sys, threading
how, n = sys.argv[1], int(sys.argv[2])
listener = socket.socket(fileno=3)
lock = threading.Lock()
def serve(conn):
    with conn:
        conn.sendall(b"%d %s\n" % (os.getpid(), os.environb[b"DAEMONRY_GENERATION"]))
        while how == "plain" and (data := conn.recv(4096)):
            conn.sendall(data)
def hang():
    print("taking the lock twice", flush=True)
    lock.acquire(); lock.acquire()
taken = 0
while True:
    conn, _ = listener.accept()
    taken += 1
    if how == "plain":
        threading.Thread(target=serve, args=(conn,), daemon=True).start()
        continue
    serve(conn)
    if taken == n:
        hang()
`

// definePython defines a service that runs it.
func (w *world) definePython(name, more, how string, n int) {
	w.t.Helper()
	script := filepath.Join(w.root, "daemon.py")
	if err := os.WriteFile(script, []byte(pythonDaemon), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.writeDefinition(name, fmt.Sprintf("command = [%q, %q, %q, \"%d\"]\n%s", lookPath(w.t, "python3"), script, how, n, more))
}

// S17 with a daemon of another language.
func TestS17ForeignDaemon(t *testing.T) {
	visitIdle(t, func(w *world, name, limits string) { w.definePython(name, limits, "plain", 0) })
}

// A daemon in another language that waits for ever for a lock after its 20th
// connection: it is found, what it waited for is in its log and in the event, it
// is replaced, and its clients are served.
func TestDeadlockedDaemonIsReplaced(t *testing.T) {
	w := start(t)
	w.definePython("stuck", "[limits]\nstall = \"1s\"\n[restart]\nbackoff_min = \"1ms\"\n", "deadlock", 20)
	events := w.listen()
	for range 20 {
		ask(t, "stuck")
	}
	began := time.Now()
	for _, line := range w.connect("stuck", 10)() {
		if !strings.HasSuffix(line, " 2") {
			t.Errorf("answer %q, want one of generation 2", line)
		}
	}
	t.Logf("the clients were served %v after the deadlock", time.Since(began))
	w.await("the event", func() bool { return events.count("stuck", "stall") > 0 })
	e := events.of("stuck", "stall")[0]
	if e.Generation != 1 || !strings.Contains(e.Error.GetMessage(), "did nothing") || !strings.Contains(e.Error.GetOutput(), "futex") {
		t.Errorf("event %+v", e)
	}
	log := w.run("daemonry", "logs", "stuck")
	for _, want := range []string{"taking the lock twice", "daemonry: stall of generation 1", "(python3) sleeping", "futex"} {
		if !strings.Contains(log, want) {
			t.Errorf("%q is not in the log:\n%s", want, log)
		}
	}
	if got := w.service("stuck"); got.Starts != 2 {
		t.Errorf("%d starts, want 2", got.Starts)
	}
}

// A daemon that asked for a watchdog and no longer feeds it is replaced.
func TestWatchdog(t *testing.T) {
	w := start(t)
	notify := lookPath(t, "systemd-notify")
	w.writeDefinition("fed", `command = ["/bin/sh", "-c", "`+notify+` --ready WATCHDOG_USEC=500000; for i in 1 2 3 4 5; do sleep 0.2; `+notify+` WATCHDOG=1; done; exec sleep 60"]`+"\n")
	events := w.listen()
	w.run("daemonry", "start", "--wait-ready", "fed")
	w.await("the event", func() bool { return events.count("fed", "stall") > 0 })
	if e := events.of("fed", "stall")[0]; !strings.Contains(e.Error.GetMessage(), "WATCHDOG=1") {
		t.Errorf("event %+v", e)
	}
	ready := events.of("fed", "ready")
	if len(ready) == 0 {
		t.Error("it was never ready")
	}
}

// ready = "probe" with a path: ready when that answers 2xx.
func TestProbeByHTTP(t *testing.T) {
	w := start(t)
	script, flag := filepath.Join(w.root, "web.py"), filepath.Join(w.root, "warm")
	code := strings.Replace(httpDaemon, "self.send_response(200)", "self.send_response(200 if os.path.exists("+strconv.Quote(flag)+") else 503)", 1)
	if err := os.WriteFile(script, []byte("import os\n"+code), 0o600); err != nil {
		t.Fatal(err)
	}
	w.writeDefinition("web", "command = ["+strconv.Quote(lookPath(t, "python3"))+", "+strconv.Quote(script)+"]\nready = \"probe\"\nready_http = \"/healthz\"\n")
	w.run("daemonry", "start", "web")
	w.await("a word about the probe", func() bool { return strings.Contains(w.service("web").Status, "503") })
	touch(t, flag)
	w.run("daemonry", "endpoint", "--wait-ready", "web")
	conn := dial(t, "web")
	defer conn.Close()
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Errorf("it answers %q, %v", line, err)
	}
}
