// Command client is one of many: it says that it is up, waits until its standard
// input ends, dials the service named by its argument, has one byte echoed, and
// says that it is done.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/daemonry/daemonry"
)

// Up and done as this program says them, a byte each, on standard output.
const (
	up   = "u"
	done = "d"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(name string) error {
	if _, err := os.Stdout.WriteString(up); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	conn, err := daemonry.Dial(context.Background(), name)
	if err != nil {
		return err
	}
	if err := echo(conn); err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(done)
	return err
}

func echo(conn net.Conn) error {
	defer conn.Close()
	buf := []byte{'x'}
	if _, err := conn.Write(buf); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, buf)
	return err
}
