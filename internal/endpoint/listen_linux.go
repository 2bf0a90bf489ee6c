package endpoint

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// endOfReading is what poll says after shutdown(SHUT_RD), which is enough to end
// a listener.
const endOfReading = unix.POLLRDHUP

func socket(family int) (int, error) {
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
}

func accept(fd int) (int, error) {
	conn, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
	return conn, err
}

// bindPrivate gives the socket its mode before its path exists: Linux creates
// the file with the mode of the socket's inode, less the umask (unix_bind_bsd in
// net/unix/af_unix.c), so that there is no moment in which others can connect.
func bindPrivate(fd int, path string) error {
	if err := unix.Fchmod(fd, 0o600); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		return err
	}
	return restoreMode(path)
}

// restoreMode undoes a umask that took the owner's own permissions away.
func restoreMode(path string) error {
	var st unix.Stat_t
	if err := lstat(path, &st); err != nil || st.Mode&0o777 == 0o600 {
		return err
	}
	return os.Chmod(path, 0o600)
}

// systemBacklog reads net.core.somaxconn; 128 was its value before Linux 5.4,
// should it be unreadable.
func systemBacklog() int {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if n, convErr := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && convErr == nil && n > 0 {
		return n
	}
	return 128
}
