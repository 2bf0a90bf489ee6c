package notify

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func controlSize() int { return unix.CmsgSpace(4 * MaxFiles) }

// enableCredentials: macOS tells no credentials for datagrams. The socket's mode
// and its directory's keep others out. (Compiled, not run.)
func enableCredentials(int) error { return nil }

func parseControl(data []byte) control {
	got := control{uid: uint32(os.Geteuid())}
	messages, err := syscall.ParseSocketControlMessage(data)
	if err != nil {
		return got
	}
	for _, m := range messages {
		if files, err := syscall.ParseUnixRights(&m); err == nil {
			got.files = append(got.files, files...)
		}
	}
	return got
}
