//go:build linux

package scenario

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// S20: `client | cat` and `$(client)` with nothing running end when the client
// does: neither broker nor daemon holds its pipes.
func TestS20PipesAreNotHeld(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	out := w.shell(`answer=$(client echo); echo "got $answer" | cat`)
	if !strings.HasPrefix(out, "got ") {
		t.Errorf("output %q", out)
	}
	if len(w.named("plaind")) != 1 || len(w.brokers()) != 1 {
		t.Errorf("broker and daemon should be running: %v", w.processes())
	}
}

// shell runs a script whose output is read to the end, so that anybody who
// holds the pipe is noticed.
func (w *world) shell(script string) string {
	w.t.Helper()
	cmd := w.command("sh", "-c", script)
	cmd.Path = "/bin/sh"
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%v: %s%s", err, out, errs.String())
	}
	return string(out)
}

// S21: pipes, a locked file and a jobserver on descriptors 3–20 of the client.
func TestS21DescriptorsAreNotInherited(t *testing.T) {
	w := start(t)
	report := filepath.Join(w.root, "report")
	w.define("echo", "", "plaind", "-report", report)
	var script strings.Builder
	for fd := 3; fd <= 20; fd++ { // sh takes one digit in redirections: dup with bash
		fmt.Fprintf(&script, "exec %d<>%s\n", fd, filepath.Join(w.root, "jobserver"))
	}
	touch(t, filepath.Join(w.root, "jobserver"))
	script.WriteString("client echo\n")
	cmd := w.command("bash", "-c", script.String())
	cmd.Path = "/bin/bash"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, pid := range append(w.brokers(), w.named("plaind")...) {
		for fd, target := range openFiles(t, pid) {
			if strings.Contains(target, "jobserver") {
				t.Errorf("process %d holds descriptor %s of the client", pid, fd)
			}
		}
	}
	facts, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	fds := regexp.MustCompile(`(?m)^fd (\d+) (.*)$`).FindAllStringSubmatch(string(facts), -1)
	want := map[string]string{"0": "/dev/null", "1": "echo.log", "2": "echo.log", "3": "socket:", "4": "echo.1.lock"}
	for _, fd := range fds {
		if strings.HasPrefix(fd[2], "/proc/") || strings.Contains(fd[2], "eventpoll") || strings.Contains(fd[2], "eventfd") || strings.HasPrefix(fd[2], "/sys/fs/cgroup") || fd[2] == "" {
			continue // the daemon's own: reading /proc, and Go's runtime
		}
		if w, ok := want[fd[1]]; !ok || !strings.Contains(fd[2], w) {
			t.Errorf("the daemon has descriptor %s: %s", fd[1], fd[2])
		}
		delete(want, fd[1])
	}
	if len(want) > 0 {
		t.Errorf("the daemon lacks %v:\n%s", want, facts)
	}
}

func openFiles(t *testing.T, pid int) map[string]string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		files[e.Name()], _ = os.Readlink(filepath.Join(dir, e.Name()))
	}
	return files
}

// S22: Ctrl-C and SIGHUP go to the client's group and session; broker and
// daemon live in others.
func TestS22SignalsToTheClientsGroup(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			w := start(t)
			w.define("echo", "", "plaind")
			cmd := w.command("client", "-hold", "echo")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stdin.Close()
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line := make([]byte, 64)
			if _, err := out.Read(line); err != nil {
				t.Fatal(err)
			}
			broker, daemon := w.status().Broker.PID, w.service("echo").PID
			if err := syscall.Kill(-cmd.Process.Pid, sig); err != nil {
				t.Fatal(err)
			}
			stdin.Close()
			_ = cmd.Wait()
			if got := w.status().Broker.PID; got != broker {
				t.Errorf("broker %d, was %d", got, broker)
			}
			if got := w.service("echo").PID; got != daemon {
				t.Errorf("daemon %d, was %d", got, daemon)
			}
			for _, pid := range []int{broker, daemon} {
				if pgid, err := syscall.Getpgid(pid); err != nil || pgid == cmd.Process.Pid || pgid == syscall.Getpgrp() {
					t.Errorf("process %d is in group %d: %v", pid, pgid, err)
				}
			}
		})
	}
}

// S23: nothing of the first client's surroundings reaches the daemon.
func TestS23FirstClientLeavesNoTrace(t *testing.T) {
	w := start(t)
	report, odd := filepath.Join(w.root, "report"), filepath.Join(w.root, "odd")
	w.define("echo", "", "plaind", "-report", report)
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	w.shell(`cd ` + odd + ` && umask 000 && ulimit -S -n 256 && trap '' HUP INT PIPE USR1 &&
		FOO=1 PATH=$PATH:/odd exec client echo`)
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	facts := string(data)
	for _, bad := range []string{"env FOO=", "/odd", "umask 000", "dir " + odd} {
		if strings.Contains(facts, bad) {
			t.Errorf("the daemon has %q:\n%s", bad, facts)
		}
	}
	for _, want := range []string{
		`(?m)^dir /$`, `(?m)^umask 022$`, `(?m)^SigBlk:\s+0+$`, `(?m)^SigIgn:\s+0+$`,
		`(?m)^env PATH=/usr/local/bin:/usr/bin:/bin$`, `(?m)^sid (\d+) pid (\d+) pgid `,
	} {
		if !regexp.MustCompile(want).MatchString(facts) {
			t.Errorf("no match for %q in:\n%s", want, facts)
		}
	}
	if m := regexp.MustCompile(`(?m)^sid (\d+) pid (\d+) pgid (\d+)$`).FindStringSubmatch(facts); m == nil || m[1] != m[2] || m[2] != m[3] {
		t.Errorf("the daemon leads no session and group of its own: %v", m)
	}
	if soft := w.limit(); soft != "1024" {
		t.Errorf("soft limit of descriptors %q, want 1024", soft)
	}
	remove(t, odd)
}

// limit is the soft limit of descriptors that a daemon is born with; one in Go
// would have raised it already.
func (w *world) limit() string {
	w.t.Helper()
	report := filepath.Join(w.root, "limit")
	text := `command = ["/bin/sh", "-c", "ulimit -Sn > ` + report + `.tmp && mv ` + report + `.tmp ` + report + ` && exec sleep 60"]`
	if err := os.WriteFile(filepath.Join(w.root, "config", "services", "limit.toml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.await("the definition", func() bool { return w.command("daemonry", "start", "limit").Run() == nil })
	w.await("the report", func() bool { return exists(report) })
	data, err := os.ReadFile(report)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// The broker ignores no signal that it would hand to daemons, and is no child
// of the client's.
func TestBrokerIsDetached(t *testing.T) {
	w := start(t)
	w.define("echo", "", "plaind")
	cmd := w.command("client", "-hold", "echo")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
	if err != nil || len(lists) == 0 {
		t.Fatalf("no task tells of its children: %v", err)
	}
	for _, list := range lists {
		if children, err := os.ReadFile(list); err != nil || len(children) > 0 {
			t.Errorf("the client has children: %s %v", children, err)
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}
