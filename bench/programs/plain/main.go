// Command plain is a daemon that knows systemd's LISTEN_FDS and nothing of
// Daemonry. It echoes every byte that it is sent. With an argument it binds that
// path by itself.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	l, err := listener()
	for err == nil {
		var c net.Conn
		if c, err = l.Accept(); err == nil {
			go echo(c)
		}
	}
	fmt.Fprintln(os.Stderr, "plain:", err)
	os.Exit(1)
}

func listener() (net.Listener, error) {
	if len(os.Args) > 1 {
		return net.Listen("unix", os.Args[1])
	}
	return net.FileListener(os.NewFile(3, "listener"))
}

func echo(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 1)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write(buf); err != nil {
			return
		}
	}
}
