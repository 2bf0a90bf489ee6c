package inspect

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// What a report shows at most.
const (
	mostProcesses = 16
	mostThreads   = 32 // of one process
	mostFrames    = 4  // of one thread's kernel stack
	mostCommand   = 200
)

func report(processes []Process) string {
	var b strings.Builder
	for i, p := range processes {
		if i == mostProcesses {
			fmt.Fprintf(&b, "and %d more processes\n", len(processes)-i)
			break
		}
		reportProcess(&b, p)
	}
	return b.String()
}

func reportProcess(b *strings.Builder, p Process) {
	fmt.Fprintf(b, "process %d (%s) %s, %d threads, cpu %v: %s\n",
		p.PID, p.Name, stateWords(p.State), p.Threads, p.CPU.Round(10*time.Millisecond), commandLine(p.PID))
	n := 0
	err := tasks(p.PID, func(tid int, dir string, s stat) bool {
		if n++; n <= mostThreads {
			fmt.Fprintf(b, "  thread %d (%s) %s%s\n", tid, s.name, stateWords(s.state), place(dir))
		}
		return true
	})
	switch {
	case err != nil:
		fmt.Fprintf(b, "  %v\n", err)
	case n > mostThreads:
		fmt.Fprintf(b, "  and %d more threads\n", n-mostThreads)
	}
}

// stateWords is a letter of proc_pid_stat(5) in words.
func stateWords(state byte) string {
	switch state {
	case 'R':
		return "running"
	case 'S':
		return "sleeping"
	case 'D':
		return "waiting for a device or frozen"
	case 'T':
		return "stopped"
	case 't':
		return "stopped by a debugger"
	case 'Z', 'X', 'x':
		return "ended"
	case 'I':
		return "idle"
	}
	return "in state " + string(state)
}

// commandLine is what the process was started as, cut short.
func commandLine(pid int) string {
	b, err := os.ReadFile(procDir(pid) + "/cmdline")
	if err != nil {
		return "command unknown"
	}
	text := strings.ToValidUTF8(strings.ReplaceAll(strings.TrimRight(string(b), "\x00"), "\x00", " "), "?")
	if len(text) > mostCommand {
		text = strings.ToValidUTF8(text[:mostCommand], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// place is where in the kernel a thread is: the function it waits in, the number
// of its system call, and the functions above, which only root may see.
func place(dir string) string {
	var b strings.Builder
	if wait, err := os.ReadFile(dir + "/wchan"); err == nil && len(wait) > 0 && string(wait) != "0" {
		fmt.Fprintf(&b, " in %s", wait)
	}
	if call, err := os.ReadFile(dir + "/syscall"); err == nil {
		if number, _, ok := strings.Cut(string(call), " "); ok && number != "-1" {
			fmt.Fprintf(&b, ", system call %s", number)
		}
	}
	if stack, err := os.ReadFile(dir + "/stack"); err == nil {
		if frames := frames(string(stack)); frames != "" {
			fmt.Fprintf(&b, " (%s)", frames)
		}
	}
	return b.String()
}

// frames turns "[<0>] futex_wait+0x67/0x120" lines into "futex_wait < do_futex".
func frames(stack string) string {
	var names []string
	for line := range strings.Lines(stack) {
		_, name, _ := strings.Cut(line, "] ")
		name, _, _ = strings.Cut(strings.TrimSpace(name), "+")
		if name != "" && len(names) < mostFrames {
			names = append(names, name)
		}
	}
	return strings.Join(names, " < ")
}
