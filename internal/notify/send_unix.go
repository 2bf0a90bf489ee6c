//go:build unix

package notify

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func send(path string, data []byte, files []int) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(SendTimeout)); err != nil {
		return err
	}
	if len(files) == 0 {
		_, err = conn.Write(data)
		return err
	}
	return sendRights(conn, data, unix.UnixRights(files...))
}

// sendRights exists because net refuses control messages on a connected socket.
func sendRights(conn *net.UnixConn, data, rights []byte) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var serr error
	if err := raw.Write(func(fd uintptr) bool {
		serr = os.NewSyscallError("sendmsg", unix.Sendmsg(int(fd), data, rights, nil, 0))
		return !isAgain(serr)
	}); err != nil {
		return err
	}
	return serr
}

func isAgain(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}
