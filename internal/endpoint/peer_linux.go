package endpoint

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// peerOf asks for the first two fields of struct ucred, pid and uid, as one
// number: unix.GetsockoptUcred allocates, and this is on the warm path. A kernel
// that insists on the whole struct, as gVisor's, is asked for it.
func peerOf(fd int) (Peer, error) {
	both, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return wholePeer(fd)
	}
	var cred [8]byte
	binary.NativeEndian.PutUint64(cred[:], both)
	return Peer{
		PID: int(int32(binary.NativeEndian.Uint32(cred[:4]))),
		UID: binary.NativeEndian.Uint32(cred[4:]),
	}, nil
}

func wholePeer(fd int) (Peer, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	return Peer{PID: int(cred.Pid), UID: cred.Uid}, nil
}
