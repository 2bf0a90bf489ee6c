//go:build linux

package scenario

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is an ordinary user: what the kernel refuses it does not refuse root,
// for whom the tests may run.
const nobody = 65534

// demote has the world's commands run as an ordinary user, if the test does not
// already.
func (w *world) demote() {
	w.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	bin := filepath.Join(w.root, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		w.t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	copyFile(w.t, program, filepath.Join(bin, "daemonry"))
	for _, name := range []string{"plaind", "sdkd", "client"} {
		if err := os.Link(filepath.Join(bin, "daemonry"), filepath.Join(bin, name)); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, path := range []string{w.root, filepath.Join(w.root, "config")} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			w.t.Fatal(err)
		}
		if err := os.Chown(path, nobody, nobody); err != nil {
			w.t.Fatal(err)
		}
	}
	w.bin = bin
	w.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	w.t.Setenv("DAEMONRY_BROKER", filepath.Join(bin, "daemonry"))
}

// own gives the definitions to the user.
func (w *world) own() {
	w.t.Helper()
	err := filepath.Walk(filepath.Join(w.root, "config"), func(path string, _ os.FileInfo, err error) error {
		if err != nil || w.as == nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) listeners(name string) int {
	w.t.Helper()
	var s struct {
		Services []struct{ Listeners []struct{} }
	}
	if err := json.Unmarshal([]byte(w.run("daemonry", "status", name, "--json")), &s); err != nil {
		w.t.Fatal(err)
	}
	return len(s.Services[0].Listeners)
}

// A daemon whose descriptors the kernel gives to nobody is served all the same.
// One of ours sends its listener when asked, so that nothing is lost with it; for
// another the broker's own stands in at its end.
func TestAnUndumpableDaemonThatBinds(t *testing.T) {
	for daemon, want := range map[string]int{"plaind": 0, "sdkd": 1} {
		t.Run(daemon, func(t *testing.T) {
			w := start(t)
			w.demote()
			if daemon == "plaind" {
				w.binder("echo", "", "-undumpable")
			} else {
				w.define("echo", modeBind+"[process.env]\nUNDUMPABLE = \"1\"\n", daemon)
			}
			w.own()
			before := w.run("client", "echo")
			if want > 0 {
				w.await("the listener", func() bool { return w.listeners("echo") == want })
			} else if n := w.listeners("echo"); n != want {
				t.Errorf("the broker has %d listeners of a daemon that nobody may look at", n)
			}
			if got := w.run("client", "echo"); got != before {
				t.Errorf("%q answers, not %q", got, before)
			}
			w.killBroker()
			w.run("daemonry", "endpoint", "echo")
			if got := w.run("client", "echo"); got != before || len(w.named(daemon)) != 1 {
				t.Errorf("beside the next broker %q answers, not %q", got, before)
			}
			if want > 0 {
				w.await("the listener again", func() bool { return w.listeners("echo") == want })
			}
			pid := w.service("echo").PID
			w.kill(pid, syscall.SIGKILL)
			w.await("its end", func() bool { return w.service("echo").PID != pid }) // until then a client may share its fate
			if got := w.run("client", "echo"); got == before {
				t.Error("the dead answer")
			}
		})
	}
}

// A listener on which a daemon called shutdown refuses everybody; at its end the
// broker's takes its place, and the next generation serves.
func TestAListenerThatWasShutDownIsReplaced(t *testing.T) {
	for mode, args := range map[string][]string{"inherit": nil, "bind": {"-bind", "{socket}"}} {
		t.Run(mode, func(t *testing.T) {
			w := start(t)
			w.define("echo", "mode = \""+mode+"\"\n[restart]\nbackoff_min = \"1ms\"\n", "plaind", append(args, "-shutdown-on-term")...)
			before := ask(t, "echo")
			w.run("daemonry", "stop", "echo")
			conn := dial(t, "echo")
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			if got := readLine(t, conn); got == before {
				t.Error("the dead answer")
			}
		})
	}
}

// A daemon that was stopped leaves its queue to the next, whoever made it.
func TestTheQueueOfADaemonThatBindsOutlivesIt(t *testing.T) {
	w := start(t)
	w.binder("echo", "")
	ask(t, "echo")
	s := w.service("echo")
	w.kill(s.PID, syscall.SIGSTOP)
	var conns []net.Conn
	for range 5 { // they wait in the daemon's own queue
		conn, err := net.Dial("unix", s.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	w.kill(s.PID, syscall.SIGKILL)
	for _, conn := range conns {
		if got := readLine(t, conn); !strings.HasSuffix(got, " 2") {
			t.Errorf("%q answers, want generation 2", got)
		}
		if _, err := io.WriteString(conn, "x"); err != nil {
			t.Error(err)
		}
	}
}

// A definition whose mode changes: a daemon that inherits after one that bound is
// given a listener by the endpoint's own name.
func TestModesFollowOneAnother(t *testing.T) {
	w := start(t)
	w.binder("echo", "")
	if got := ask(t, "echo"); !strings.HasSuffix(got, " 1") {
		t.Fatal(got)
	}
	w.define("echo", "", "plaind", "-report", filepath.Join(w.root, "report"))
	w.await("the definition", func() bool {
		w.run("daemonry", "restart", "--wait-ready", "echo")
		return exists(filepath.Join(w.root, "report"))
	})
	before := ask(t, "echo")
	if log := w.run("daemonry", "logs", "echo"); !strings.HasSuffix(strings.TrimSpace(log), "listening on "+w.service("echo").Endpoint) {
		t.Errorf("log:\n%s", log)
	}
	w.binder("echo", "")
	w.await("the definition", func() bool {
		w.run("daemonry", "restart", "--wait-ready", "echo")
		return strings.Contains(w.run("daemonry", "status", "echo"), "bind")
	})
	if got := ask(t, "echo"); got == before {
		t.Error("the dead answer")
	}
}
