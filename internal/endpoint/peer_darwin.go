package endpoint

import "golang.org/x/sys/unix"

// Compiled, not run.
func peerOf(fd int) (Peer, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		pid = 0 // it has gone already; the uid is what counts
	}
	return Peer{PID: pid, UID: cred.Uid}, nil
}
