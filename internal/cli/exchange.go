package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
)

// silentError is the end of a connection on which nothing had come; err is nil
// if it ended cleanly.
type silentError struct{ err error }

func (e *silentError) Error() string {
	if e.err == nil {
		return "the daemon closed the connection without a word"
	}
	return e.err.Error()
}

func (e *silentError) Unwrap() error { return e.err }
func (e *silentError) clean() bool   { return e.err == nil }

// halfCloser is a connection that can end one direction; unix sockets and TCP
// can.
type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// exchange copies in to conn and conn to out. The end of in ends only that
// direction, so does the daemon's; it returns when the daemon has closed its
// direction and in is at its end or nobody reads it any more.
//
// heard is called once, before the first byte is written to out. Until then an
// error that trouble delivers ends the exchange; nil from trouble means that no
// more is to be expected from there. An end without a byte is a *silentError.
// The goroutine that reads in outlives the call if in does not end.
func exchange(conn net.Conn, in io.Reader, out io.Writer, trouble <-chan error, heard func()) error {
	up := make(chan error, 1)
	go func() { up <- send(conn, in) }()
	began := make(chan struct{})
	down := make(chan error, 1)
	go func() { down <- receive(conn, out, func() { close(began); heard() }) }()

	for {
		select {
		case err := <-trouble:
			trouble = nil
			if err != nil && !closed(began) {
				conn.Close()
				<-down
				return err
			}
		case err := <-up:
			up = nil
			if err != nil {
				return err
			}
		case err := <-down:
			return ended(conn, up, err)
		}
	}
}

// ended waits, after the daemon closed its direction, for the end of the other
// one; up is nil if that has been.
func ended(conn net.Conn, up <-chan error, err error) error {
	if err != nil || up == nil {
		return err
	}
	select {
	case err = <-up:
	case <-hangup(conn):
	}
	return err
}

// send copies in to conn and then closes that direction. A daemon that no
// longer reads is no error: what it sends still counts.
func send(conn net.Conn, in io.Reader) error {
	_, err := io.Copy(conn, in)
	if half, ok := conn.(halfCloser); ok {
		_ = half.CloseWrite() // the daemon may be gone already
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("cannot read standard input: %w", err)
	}
	return nil
}

// receive copies conn to out and calls heard before the first byte.
func receive(conn net.Conn, out io.Writer, heard func()) error {
	buffer := make([]byte, 32<<10)
	n, err := conn.Read(buffer)
	if n == 0 {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return &silentError{err: err}
	}
	heard()
	if _, err := out.Write(buffer[:n]); err != nil {
		return fmt.Errorf("cannot write standard output: %w", err)
	}
	// From here the kernel may copy without us (splice).
	if _, err := io.Copy(out, conn); err != nil {
		return fmt.Errorf("cannot copy from the daemon: %w", err)
	}
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
