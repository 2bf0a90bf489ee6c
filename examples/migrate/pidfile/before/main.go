//go:build unix

// Command before is a counter with the usual hand-made client: a pid file, a
// spawn, and a loop that hopes. It shows what everybody writes, bugs included.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	dir := os.Getenv("COUNTER_DIR")
	if len(os.Args) == 2 && os.Args[1] == "daemon" {
		log.Fatal(serve(dir))
	}
	c, err := connect(dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(c, "next")
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(line)
}

func connect(dir string) (net.Conn, error) {
	if !alive(filepath.Join(dir, "pid")) { // two clients at once start two daemons
		cmd := exec.Command(os.Args[0], "daemon")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
	}
	for range 50 { // a start slower than this is taken for death
		if c, err := net.Dial("unix", filepath.Join(dir, "socket")); err == nil {
			return c, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("the daemon did not start") // why, nobody knows
}

func alive(pidFile string) bool {
	data, err := os.ReadFile(pidFile)
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	return err == nil && syscall.Kill(pid, 0) == nil // or somebody else's process by now
}

func serve(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	os.Remove(filepath.Join(dir, "socket"))
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		fmt.Fprintln(c, n)
		c.Close()
	}
}
