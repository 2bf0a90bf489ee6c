//go:build linux

package scenario

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// switches counts a process's context switches, over all its threads.
func switches(t *testing.T, pid int) int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("process %d has no tasks: %v", pid, err)
	}
	sum := 0
	for _, task := range tasks {
		data, err := os.ReadFile(task)
		if err != nil {
			continue // a thread that ended
		}
		for _, m := range regexp.MustCompile(`ctxt_switches:\s+(\d+)`).FindAllSubmatch(data, -1) {
			n, _ := strconv.Atoi(string(m[1]))
			sum += n
		}
	}
	return sum
}

// P14: a broker whose daemons are idle does nothing, and neither does one
// beside a daemon that takes thousands of connections. The numbers are counts
// of the kernel's; a second of quiet or a thousand connections cost a handful
// (Go's own background work), where polling or being woken for each would cost
// hundreds.
func TestBrokerIsQuiet(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	ask(t, "echo")
	s := w.status()
	w.await("ready", func() bool { return w.service("echo").Ready })
	settle(t, s.Broker.PID)
	before := switches(t, s.Broker.PID)
	<-time.After(3 * time.Second) // what is measured is what happens in a stretch of time
	idle := switches(t, s.Broker.PID) - before
	path := s.Services[0].Endpoint
	before = switches(t, s.Broker.PID)
	const connections = 5000
	for range connections {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		readLine(t, conn)
		conn.Close()
	}
	busy := switches(t, s.Broker.PID) - before
	t.Logf("context switches of the broker: %d in 3 s of quiet, %d beside %d connections", idle, busy, connections)
	if idle > 30 {
		t.Errorf("%d context switches in 3 s of quiet", idle)
	}
	if busy > 100 {
		t.Errorf("%d context switches beside %d connections", busy, connections)
	}
}

// settle waits until a process has come to rest after what it did for the test
// itself: until a tenth of a second passes without a context switch.
func settle(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		before := switches(t, pid)
		<-time.After(100 * time.Millisecond)
		if switches(t, pid) == before {
			return
		}
	}
	t.Fatal("the broker does not come to rest")
}
