package notify

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// controlSize holds the sender's credentials and as many descriptors as the
// kernel lets through.
func controlSize() int { return unix.CmsgSpace(unix.SizeofUcred) + unix.CmsgSpace(4*MaxFiles) }

func enableCredentials(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
}

// nobody is the uid of a message without credentials: (uid_t)-1 is no user's.
const nobody = ^uint32(0)

func parseControl(data []byte) control {
	got := control{uid: nobody}
	messages, err := syscall.ParseSocketControlMessage(data)
	if err != nil {
		return got
	}
	for _, m := range messages {
		if files, err := syscall.ParseUnixRights(&m); err == nil {
			got.files = append(got.files, files...)
		}
		if cred, err := syscall.ParseUnixCredentials(&m); err == nil {
			got.pid, got.uid = int(cred.Pid), cred.Uid
		}
	}
	return got
}
